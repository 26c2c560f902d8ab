"""The assets of the job `exports`, and the verb: what they write, say and leave alone."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dagster import AssetKey, DagsterInstance, ExecuteInProcessResult, materialize
from house import variables_of

from orchestrator.assets.exports import export_assets
from orchestrator.assets.keys import GROUP_EXPORTS, export_key
from orchestrator.cli import main
from orchestrator.exports.specs import EXPORTS, get_export
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.settings import Settings, get_settings


@pytest.fixture
def environment(run_settings: Settings, target: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The first run's warehouse, with the test's folder for exports."""
    for name, value in {**variables_of(run_settings), "TOUCHSTONE_EXPORT_URL": str(target)}.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def touchstone(environment: None) -> Callable[..., Result]:
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def run_assets(environment: None) -> Callable[[], ExecuteInProcessResult]:
    with DagsterInstance.ephemeral() as instance:
        yield lambda: materialize(export_assets(), resources={"warehouse": WarehouseResource()}, instance=instance)


def metadata(result: ExecuteInProcessResult, name: str) -> dict[str, object]:
    [event] = result.asset_materializations_for_node(f"export_{name}")
    return {key: value.value for key, value in event.metadata.items()}


def test_assets_write_every_format_and_then_nothing_new(
    run_assets: Callable[[], ExecuteInProcessResult], target: Path
) -> None:
    first = run_assets()
    assert first.success
    manifests = {spec.name: (target / spec.name / "_manifest.json").read_bytes() for spec in EXPORTS}
    for spec in EXPORTS:
        formats = json.loads(manifests[spec.name])["formats"]
        said = metadata(first, spec.name)
        assert set(formats) == {str(kind) for kind in spec.formats}
        assert said["rows_written_now"] == sum(section["rows"] for section in formats.values()) > 0
        assert said["bytes_written_now"] == sum(section["bytes"] for section in formats.values())
        assert said["path_of_csv"] == f"file://{target}/{spec.name}"
        assert said["path_of_iceberg"] == f"file://{target}/iceberg/{spec.name}"
        assert {file["run_id"] for section in formats.values() for file in section["files"]} == {first.run_id}
    second = run_assets()
    for spec in EXPORTS:
        assert metadata(second, spec.name)["files_written_now"] == 0
        assert metadata(second, spec.name)["files_unchanged"] == metadata(first, spec.name)["files_written_now"]
    assert {spec.name: (target / spec.name / "_manifest.json").read_bytes() for spec in EXPORTS} == manifests


def test_an_asset_per_export_stands_behind_its_relation() -> None:
    assets = {definition.key: definition for definition in export_assets()}
    assert set(assets) == {export_key(spec.name) for spec in EXPORTS}
    for spec in EXPORTS:
        definition = assets[export_key(spec.name)]
        assert definition.group_names_by_key == {export_key(spec.name): GROUP_EXPORTS}
        assert definition.asset_deps[export_key(spec.name)] == {AssetKey(spec.relation)}
        assert definition.op.retry_policy is not None


def test_the_verb_writes_a_range_and_tells_what(touchstone: Callable[..., Result], target: Path) -> None:
    told = touchstone("export", "observations", "--from", "2022-12-13", "--to", "2022-12-13")
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith("observations as parquet: 1 file written with 752 rows, ")
    assert told.stdout.endswith(f" bytes: file://{target}/observations\n")
    assert touchstone("export", "observations", "--to", "2022-12-13", "--from", "2022-12-13", "--changed").stdout == (
        f"observations as parquet: 0 files written with 0 rows, 0 bytes, 1 file unchanged; nothing new: "
        f"file://{target}/observations\n"
    )
    elsewhere = target.with_name("elsewhere")
    told = touchstone("export", "field_coverage", "--format", "csv", "--to-url", f"file://{elsewhere}")
    assert told.exit_code == 0
    assert (elsewhere / "field_coverage" / "field_coverage.csv").exists()


def test_the_verb_lists_exports(touchstone: Callable[..., Result]) -> None:
    listed = touchstone("export").stdout
    assert "observations: v_observations by day of observed_at, as parquet, csv, iceberg\n" in listed
    assert f"    {get_export('field_coverage').description}\n" in listed


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            ("nothing",),
            1,
            "There is no export 'nothing'. Exports are: daily_observations, field_coverage, observations.",
        ),
        (("observations", "--from", "2026-01-02", "--to", "2026-01-01"), 2, "the range ends on 2026-01-01, before it"),
        (("observations", "--from", "yesterday"), 2, "'yesterday' does not match the format '%Y-%m-%d'"),
        (("observations", "--format", "xlsx"), 2, "'xlsx' is not one of"),
        (("field_coverage", "--from", "2026-01-01"), 1, "Export field_coverage is not split by days."),
        (("observations", "--to-url", "gs://bucket"), 1, "gs://bucket is no place for exports."),
        (("observations", "--to-url", "/dev/null/x"), 1, "file:///dev/null/x cannot be used"),
    ],
)
def test_what_cannot_be_exported_is_told_with_its_exit_code(
    touchstone: Callable[..., Result], arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = touchstone("export", *arguments)
    assert done.exit_code == code
    assert told in done.stderr
