# Two commands matter: `make run` and `make test`. The others are thin over `touchstone VERB`.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN    := .venv/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help run test check bench lookups ui docs up down status clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

run: .venv/run.stamp ## from the lookup CSV to checked facts, with a report; again: nothing new
	@$(BIN)/touchstone run

test: .venv/dev.stamp ## everything the tests need, then the whole suite
	@mkdir -p .touchstone
	@$(BIN)/python -m pytest --basetemp .touchstone/tests -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --durations 10

check: .venv/dev.stamp ## lint, types, SQL, YAML, migrations, lookup desk
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/yamllint --strict .
	@$(BIN)/sqlfluff lint --disable-progress-bar dbt_project/models dbt_project/analyses
	@cd migrations && ../$(BIN)/sqlfluff lint --disable-progress-bar .
	@$(BIN)/touchstone lookups check

bench: .venv/dev.stamp ## the engine beside chdb, IDs and loads beside other ways; an hour; see benchmarks/README.md
	@$(BIN)/python -m benchmarks.embedded.latency
	@$(BIN)/python -m benchmarks.embedded.bulk
	@$(BIN)/python -m benchmarks.embedded.load
	@$(BIN)/python -m benchmarks.identity.append
	@$(BIN)/python -m benchmarks.identity.desk
	@$(BIN)/python -m benchmarks.identity.designs
	@$(BIN)/python -m benchmarks.validated_load
	@$(BIN)/python -m benchmarks.validated_load.scans
	@$(BIN)/python -m benchmarks.orchestration
	@$(BIN)/python -m benchmarks.expectations

lookups: .venv/run.stamp ## the analyst's check of seeds/
	@$(BIN)/touchstone lookups check

ui: .venv/run.stamp ## Dagster's page on the warehouse
	@$(BIN)/touchstone ui

docs: .venv/run.stamp ## the data model with its lineage, as one page
	@$(BIN)/touchstone docs

up: .venv/run.stamp ## start the embedded engine
	@$(BIN)/touchstone up

down: .venv/run.stamp ## stop the embedded engine; data stays
	@$(BIN)/touchstone down

status: .venv/run.stamp ## what is in the warehouse
	@$(BIN)/touchstone status

clean: ## stop the engine, then remove .venv; data in .touchstone/ stays
	@test ! -x $(BIN)/touchstone || $(BIN)/touchstone down
	@rm -rf .venv

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name it: make run PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "creating .venv" >&2
	@$(PYTHON) -m venv .venv

.venv/run.stamp: .venv/bin/python pyproject.toml constraints.txt
	@echo "installing what Touchstone needs (about a minute the first time)" >&2
	@$(PIP) --editable .
	@touch $@

.venv/dev.stamp: .venv/bin/python pyproject.toml constraints.txt
	@echo "installing what Touchstone and its tests need (about a minute the first time)" >&2
	@$(PIP) --editable '.[dev]'
	@touch $@ .venv/run.stamp
