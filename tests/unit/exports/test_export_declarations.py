"""exports.yml: what it may say, and what is said where it does not hold."""

from pathlib import Path
from typing import Any

import pytest

from orchestrator.exceptions import ExportDeclarationError, UnknownExportError
from orchestrator.exports.specs import EXPORTS, ExportFormat, get_export, load_exports, parse_exports

GOOD = {"relation": "v_trades", "description": "One row per trade.", "key": ["trade_id"], "formats": ["csv"]}


def parse(**changes: Any) -> Any:
    declared = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return parse_exports({"exports": {"trades": declared}}, "exports.yml")


def test_the_declared_exports_are_known_by_name() -> None:
    assert {"observations", "field_coverage"} <= {spec.name for spec in EXPORTS}
    assert get_export("observations").day == "observed_at"
    assert get_export("field_coverage").day is None


def test_an_unknown_export_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        UnknownExportError,
        match=r"no export 'nothing'\. Exports are: daily_observations, field_coverage, observations\.",
    ):
        get_export("nothing")


def test_a_declaration_is_read_as_it_stands() -> None:
    [spec] = parse(day="traded_at", formats=["iceberg", "csv"], wide=["trade_id"])
    assert (spec.name, spec.relation, spec.day, spec.key) == ("trades", "v_trades", "traded_at", ("trade_id",))
    assert spec.formats == (ExportFormat.ICEBERG, ExportFormat.CSV)
    assert spec.wide == ("trade_id",)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"relation": None}, "exports.trades.relation: Field required"),
        ({"description": None}, "exports.trades.description: Field required"),
        ({"relation": "system.tables; DROP"}, "exports.trades.relation: "),
        ({"key": []}, "exports.trades.key: "),
        ({"formats": ["xlsx"]}, "exports.trades.formats.0: "),
        ({"formats": []}, "exports.trades.formats: "),
        ({"formats": ["csv", "csv"]}, "exports.trades: csv, csv: one is named twice"),
        ({"days": "traded_at"}, "exports.trades.days: Extra inputs are not permitted"),
    ],
)
def test_what_does_not_hold_is_told_with_its_place(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ExportDeclarationError) as caught:
        parse(**changes)
    assert caught.value.message.startswith(f"exports.yml: {told}")
    assert caught.value.remedy == "Its head says what an export has."


def test_the_folder_of_iceberg_tables_is_no_export() -> None:
    with pytest.raises(ExportDeclarationError, match="iceberg is the folder of Iceberg tables"):
        parse_exports({"exports": {"iceberg": GOOD}}, "exports.yml")


@pytest.mark.parametrize("content", [None, "exports: [", "- not a mapping"])
def test_a_file_that_is_missing_or_no_declaration_is_an_error_that_names_it(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "exports.yml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ExportDeclarationError, match=r"exports\.yml"):
        load_exports(path)
