"""docker-compose.yml: schema, pins, secrets, health, mounts, and that services find each other."""

import importlib.resources
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from orchestrator.constants import PROJECT_ROOT
from orchestrator.settings import Settings

COMPOSE = PROJECT_ROOT / "docker-compose.yml"
EXAMPLE = PROJECT_ROOT / "deploy" / ".env.example"
TEXT = COMPOSE.read_text(encoding="utf-8")
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<operator>:[-?])(?P<rest>[^}]*))?\}")
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|KEY$")
EXAMPLES = dict(re.findall(r"^([A-Z][A-Z0-9_]*)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))

every_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES.keys())


def environment_of(service: dict[str, Any]) -> dict[str, str]:
    return service.get("environment", {})


def mounts_of(service: dict[str, Any]) -> list[list[str]]:
    filled = (VARIABLE.sub(lambda found: EXAMPLES[found["name"]], mount) for mount in service.get("volumes", []))
    return [mount.split(":") for mount in filled]


def test_it_follows_the_compose_specification() -> None:
    schemas = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((schemas / "compose-spec.json").read_text(encoding="utf-8"))
    faults = [f"{list(error.path)}: {error.message}" for error in Draft7Validator(schema).iter_errors(FILE)]
    assert faults == []


def test_there_is_what_the_page_on_deployment_promises() -> None:
    base = {"postgres", "code", "webserver", "daemon", "metrics", "prometheus", "grafana"}
    by_profile = {profile: set() for profile in ("", "single", "cluster")}
    for name, service in SERVICES.items():
        by_profile[(service.get("profiles") or [""])[0]].add(name)
    assert by_profile[""] == base
    assert by_profile["single"] == {"clickhouse", "keeper"}
    assert len([name for name in by_profile["cluster"] if name.startswith("clickhouse-")]) == 4
    assert len([name for name in by_profile["cluster"] if name.startswith("keeper-")]) == 3


@every_service
def test_every_image_is_pinned(service: dict[str, Any]) -> None:
    image = VARIABLE.sub(lambda found: found["rest"], service["image"])
    name, _, tag = image.partition(":")
    assert re.fullmatch(r"v?\d+\.\d+[\w.-]*", tag), f"{name} has the tag {tag!r}"


def test_the_example_states_what_compose_falls_back_to() -> None:
    for found in VARIABLE.finditer(TEXT):
        if found["operator"] == ":-":
            assert EXAMPLES[found["name"]] == found["rest"], found["name"]


@every_service
def test_every_service_tells_its_health_restarts_and_has_its_memory_limited(service: dict[str, Any]) -> None:
    assert service["healthcheck"]["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= service["healthcheck"].keys()
    assert service["restart"] == "unless-stopped"
    assert service["mem_limit"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["networks"]
    assert not service.get("privileged")


@every_service
def test_ports_are_open_to_this_machine_alone(service: dict[str, Any]) -> None:
    for port in service.get("ports", []):
        assert port.startswith("${BIND_ADDRESS:-127.0.0.1}:"), port
    assert EXAMPLES["BIND_ADDRESS"] == "127.0.0.1"


def test_secrets_come_from_the_environment_and_have_no_default() -> None:
    named = {found["name"]: found for found in VARIABLE.finditer(TEXT)}
    secrets = {name for name in named if SECRET.search(name)}
    assert len(secrets) == 4
    for name in secrets:
        assert named[name]["operator"] == ":?", f"{name} has a default"
        assert named[name]["rest"], f"{name} does not say where to look"
        assert EXAMPLES[name] == ""
    for service in SERVICES.values():
        for name, value in environment_of(service).items():
            if SECRET.search(name):
                assert VARIABLE.fullmatch(value), f"{name} is written down"


def test_every_variable_is_in_the_example_and_nothing_else_is() -> None:
    assert {found["name"] for found in VARIABLE.finditer(TEXT)} | {"COMPOSE_PROFILES"} == EXAMPLES.keys()
    assert set(EXAMPLES["COMPOSE_PROFILES"].split(",")) <= {"single", "cluster"}


def test_our_containers_are_told_only_what_something_reads() -> None:
    known = {name.upper() for name in Settings.model_fields} | {"DAGSTER_HOME"}
    read_by_dagster = set()
    for name in ("dagster.yaml", "workspace.yaml"):
        read_by_dagster |= set(re.findall(r"env: (\w+)", (PROJECT_ROOT / "deploy" / name).read_text(encoding="utf-8")))
    for name in ("code", "webserver", "daemon", "metrics"):
        assert environment_of(SERVICES[name]).keys() - known == read_by_dagster, name


@every_service
def test_every_mounted_file_is_in_the_checkout_and_read_only(service: dict[str, Any]) -> None:
    for source, target, *options in mounts_of(service):
        assert target.startswith("/")
        if source.startswith("."):
            assert (PROJECT_ROOT / source).exists(), source
            assert options == ["ro"], source
        else:
            assert source in FILE["volumes"], source


def test_every_volume_and_network_is_used() -> None:
    used = {source for service in SERVICES.values() for source, *_ in mounts_of(service) if not source.startswith(".")}
    assert used == FILE["volumes"].keys()
    assert {network for service in SERVICES.values() for network in service["networks"]} == FILE["networks"].keys()


@every_service
def test_a_service_waits_for_health_of_services_on_its_networks(service: dict[str, Any]) -> None:
    for name, how in service.get("depends_on", {}).items():
        assert how["condition"] == "service_healthy"
        assert set(SERVICES[name]["networks"]) & set(service["networks"]), name
        is_always_there = "profiles" not in SERVICES[name] or SERVICES[name]["profiles"] == service.get("profiles")
        assert is_always_there == how.get("required", True), name


@every_service
def test_hosts_that_a_service_is_told_are_services_on_its_networks(service: dict[str, Any]) -> None:
    for name, value in environment_of(service).items():
        if name.endswith("_HOST") and not value.startswith("${"):
            assert set(SERVICES[value]["networks"]) & set(service["networks"]), (name, value)
    assert EXAMPLES["CLICKHOUSE_HOST"] in SERVICES


def test_ports_agree_between_those_who_ask_and_those_who_answer() -> None:
    told = environment_of(SERVICES["webserver"])
    command = SERVICES["code"]["command"]
    assert command[command.index("--port") + 1] == told["DAGSTER_CODE_PORT"]
    assert SERVICES["code"]["healthcheck"]["test"][-1] == told["DAGSTER_CODE_PORT"]
    assert told["CLICKHOUSE_PORT"] in SERVICES["clickhouse"]["ports"][0].split(":")[-1]
    for service in SERVICES.values():
        for port in service.get("ports", []):
            inside = port.rsplit(":", 1)[-1]
            assert f":{inside}/" in " ".join(service["healthcheck"]["test"]), port


def test_both_profiles_answer_at_the_same_port_and_never_run_together() -> None:
    doors = [name for name, service in SERVICES.items() if any(":8123:" in port for port in service.get("ports", []))]
    assert doors == ["clickhouse", "clickhouse-1-1"]
    assert "CLICKHOUSE_HOST=clickhouse-1-1" in (PROJECT_ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")


def test_the_dockerfile_has_no_fault() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    found = subprocess.run([hadolint, PROJECT_ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert found.stdout == ""
    assert found.returncode == 0


def test_the_dockerfile_copies_what_there_is_and_what_git_ignores_stays_out() -> None:
    dockerfile = (PROJECT_ROOT / "Dockerfile").read_text(encoding="utf-8")
    let_in = set(re.findall(r"^!(\S+)$", (PROJECT_ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    copied: set[str] = set()
    for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE):
        *sources, _target = [word for word in line.split() if not word.startswith("--")]
        copied |= set(sources)
    assert copied == let_in
    assert [name for name in copied if not (PROJECT_ROOT / name).exists()] == []
    assert re.search(r"^USER \d+:\d+$", dockerfile, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", dockerfile, re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"python:3.11.11-slim-bookworm"}


def test_the_image_runs_as_the_user_whose_folders_it_makes() -> None:
    dockerfile = (PROJECT_ROOT / "Dockerfile").read_text(encoding="utf-8")
    made = set(
        re.findall(r"/srv/touchstone/[\w/]+", dockerfile.partition("install --directory")[2].partition("COPY")[0])
    )
    ours = {
        target for name in ("code", "daemon") for source, target, *_ in mounts_of(SERVICES[name]) if source[0] != "."
    }
    assert ours <= made
