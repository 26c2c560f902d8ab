# The image of webserver, daemon, code location and metrics: one installation, four commands (docker-compose.yml).
FROM python:3.11.11-slim-bookworm AS built
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/touchstone
WORKDIR /srv/touchstone
# Dependencies change rarely, and are a layer of their own: an empty package of our name brings them in.
COPY constraints.txt pyproject.toml README.md ./
RUN mkdir orchestrator && touch orchestrator/__init__.py \
    && /opt/touchstone/bin/pip install --constraint constraints.txt --editable '.[server]'

FROM python:3.11.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /srv/touchstone touchstone \
    && install --directory --owner=touchstone --group=touchstone \
       /srv/touchstone /srv/touchstone/home /srv/touchstone/home/dagster /srv/touchstone/home/spool /srv/touchstone/drop
COPY --from=built /opt/touchstone /opt/touchstone
WORKDIR /srv/touchstone
ENV PATH=/opt/touchstone/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TOUCHSTONE_HOME=/srv/touchstone/home \
    DAGSTER_HOME=/srv/touchstone/home/dagster \
    DAGSTER_DISABLE_TELEMETRY=1 \
    DO_NOT_TRACK=1
COPY constraints.txt pyproject.toml README.md ./
COPY migrations migrations
COPY seeds seeds
COPY --chown=touchstone:touchstone dbt_project dbt_project
COPY orchestrator orchestrator
USER 10001:10001
# dbt's manifest is part of the image: no container parses the project when it starts
RUN python -c "from orchestrator.settings import get_settings; from orchestrator.warehouse.dbt import ensure_manifest; ensure_manifest(get_settings())"
EXPOSE 3000 4000 9464
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=8 CMD ["dagster", "api", "grpc-health-check", "--port", "4000"]
CMD ["dagster", "code-server", "start", "--host", "0.0.0.0", "--port", "4000", "--module-name", "orchestrator.definitions", "--location-name", "touchstone"]
