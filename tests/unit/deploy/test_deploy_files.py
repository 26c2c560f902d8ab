"""deploy/: each file as the program reads it that it is for."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config
from dagster._core.instance.ref import InstanceRef
from dagster._core.run_coordinator.queued_run_coordinator import QueuedRunCoordinator
from dagster._core.workspace.load import location_origins_from_yaml_paths

from orchestrator.constants import PROJECT_ROOT
from orchestrator.warehouse.clusters import REQUIRED_SETTINGS

DEPLOY = PROJECT_ROOT / "deploy"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((PROJECT_ROOT / "docker-compose.yml").read_text())["services"]
CLICKHOUSE_FILES = sorted((DEPLOY / "clickhouse").glob("*.xml"))
PASSWORD_LIKE = re.compile(r"<(password\w*|secret)(?![^>]*from_env)[^>]*>")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of the container `daemon`."""
    environment = SERVICES["daemon"]["environment"]
    for name, value in environment.items():
        monkeypatch.setenv(name, str(value))
    return environment


def test_dagster_takes_the_instance(told: dict[str, str]) -> None:
    config, custom = dagster_instance_config(str(DEPLOY))
    assert custom is None
    assert config["storage"]["postgres"]["postgres_db"]["password"] == {"env": "DAGSTER_PG_PASSWORD"}
    assert config["telemetry"] == {"enabled": False}
    assert config["run_retries"]["retry_on_asset_or_op_failure"] is False
    assert config["run_monitoring"]["enabled"]


def test_dagster_builds_its_storage_and_queue_from_it(told: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_bytes((DEPLOY / "dagster.yaml").read_bytes())
    ref = InstanceRef.from_dir(str(tmp_path))
    assert ref.custom_instance_class_data is None
    assert ref.storage_data is not None
    assert (ref.storage_data.module_name, ref.storage_data.class_name) == ("dagster_postgres", "DagsterPostgresStorage")
    coordinator = ref.run_coordinator
    assert isinstance(coordinator, QueuedRunCoordinator)
    queue = coordinator.get_run_queue_config().with_concurrency_settings(ref.settings["concurrency"])
    assert queue.max_concurrent_runs > 0
    assert {limit["key"] for limit in queue.tag_concurrency_limits or []} >= {"dagster/backfill"}
    assert ref.settings["concurrency"]["pools"]["default_limit"] == 1


def test_what_the_local_instance_promises_holds_here_as_well(told: dict[str, str]) -> None:
    from orchestrator.jobs.instance import INSTANCE_CONFIG  # noqa: PLC0415

    config, _ = dagster_instance_config(str(DEPLOY))
    for key in ("telemetry", "nux", "python_logs"):
        assert config[key] == INSTANCE_CONFIG[key]
    assert config["concurrency"]["pools"]["default_limit"] == INSTANCE_CONFIG["concurrency"]["pools"]["default_limit"]


def test_dagster_finds_the_code_location(told: dict[str, str]) -> None:
    (origin,) = location_origins_from_yaml_paths([str(DEPLOY / "workspace.yaml")])
    assert (origin.host, origin.port, origin.location_name) == ("code", 4000, "touchstone")
    command = SERVICES["code"]["command"]
    assert command[command.index("--location-name") + 1] == origin.location_name


def test_prometheus_asks_services_that_there_are_at_ports_that_they_have() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    (target,) = jobs["touchstone"]["static_configs"][0]["targets"]
    host, _, port = target.partition(":")
    command = SERVICES[host]["command"]
    assert command[command.index("--port") + 1] == port
    for job, kind in (("clickhouse", "clickhouse"), ("keeper", "keeper")):
        (discovery,) = jobs[job]["dns_sd_configs"]
        assert set(discovery["names"]) == {name for name in SERVICES if re.match(rf"{kind}(-|$)", name)}
        for file in ("common.xml",) if kind == "clickhouse" else ("keeper_single.xml", "keeper_cluster.xml"):
            assert ElementTree.parse(DEPLOY / "clickhouse" / file).findtext("prometheus/port") == str(discovery["port"])


def test_grafana_has_its_source_and_its_folder() -> None:
    provisioning = DEPLOY / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert "9090" in SERVICES["prometheus"]["ports"][0]
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "touchstone.yaml").read_text())["providers"]
    assert any(provider["options"]["path"] in mount for mount in SERVICES["grafana"]["volumes"])
    for dashboard in (DEPLOY / "grafana" / "dashboards").glob("*.json"):
        assert json.loads(dashboard.read_text(encoding="utf-8"))["panels"]


@pytest.mark.parametrize("path", CLICKHOUSE_FILES, ids=lambda path: path.name)
def test_clickhouse_files_are_xml_without_a_secret(path: Path) -> None:
    assert ElementTree.parse(path).getroot().tag == "clickhouse"
    assert PASSWORD_LIKE.search(path.read_text(encoding="utf-8")) is None


def test_every_clickhouse_file_is_mounted_and_what_they_read_is_given() -> None:
    for path in CLICKHOUSE_FILES:
        wanted = set(re.findall(r'from_env="(\w+)"', path.read_text(encoding="utf-8")))
        users = [
            name
            for name, service in SERVICES.items()
            if any(f"/{path.name}:" in mount for mount in service.get("volumes", []))
        ]
        assert users, path.name
        for name in users:
            assert wanted <= SERVICES[name].get("environment", {}).keys(), (path.name, name)


def test_the_cluster_is_two_shards_of_two_replicas_that_are_services() -> None:
    cluster = ElementTree.parse(DEPLOY / "clickhouse" / "cluster.xml").find("remote_servers/touchstone")
    assert cluster is not None
    shards = [[replica.findtext("host") for replica in shard.iter("replica")] for shard in cluster.iter("shard")]
    assert [len(shard) for shard in shards] == [2, 2]
    for number, shard in enumerate(shards, start=1):
        for host in shard:
            assert SERVICES[str(host)]["hostname"] == host
            assert SERVICES[str(host)]["environment"]["CLICKHOUSE_SHARD"] == f"{number:02d}"
            assert SERVICES[str(host)]["environment"]["CLICKHOUSE_REPLICA"] == host
    assert [shard.findtext("internal_replication") for shard in cluster.iter("shard")] == ["true", "true"]


@pytest.mark.parametrize(("file", "count"), [("keeper_single.xml", 1), ("keeper_cluster.xml", 3)])
def test_keepers_know_each_other_and_servers_know_them(file: str, count: int) -> None:
    keeper = ElementTree.parse(DEPLOY / "clickhouse" / file).getroot()
    hosts = [server.findtext("hostname") for server in keeper.iter("server")]
    assert len(hosts) == count
    assert set(hosts) <= SERVICES.keys()
    servers = ElementTree.parse(DEPLOY / "clickhouse" / file.replace("keeper_", "")).getroot()
    asked = [(node.findtext("host"), node.findtext("port")) for node in servers.iter("node")]
    assert asked == [(host, keeper.findtext("keeper_server/tcp_port")) for host in hosts]
    for host in hosts:
        ready = f":{keeper.findtext('keeper_server/http_control/port')}/ready"
        assert ready in SERVICES[str(host)]["healthcheck"]["test"][-1]


def test_the_login_of_a_cluster_has_the_settings_that_migrate_demands() -> None:
    profile = ElementTree.parse(DEPLOY / "clickhouse" / "users_cluster.xml").find("profiles/touchstone")
    assert profile is not None
    assert {setting.tag: setting.text for setting in profile if isinstance(setting.tag, str)} == REQUIRED_SETTINGS
