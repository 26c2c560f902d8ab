"""Dashboard and alerts speak of exported metrics and of their labels only, in PromQL that parses."""

import itertools
import json
import re
from typing import Any

import promql_parser
import pytest
import yaml

from orchestrator.constants import PROJECT_ROOT
from orchestrator.metrics.families import FAMILIES

DASHBOARD = json.loads((PROJECT_ROOT / "deploy/grafana/dashboards/touchstone.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((PROJECT_ROOT / "deploy/prometheus/rules/touchstone.yml").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
ALERTS: list[dict[str, Any]] = [rule for group in RULES["groups"] for rule in group["rules"]]
BY_NAME = {family.name: family for family in FAMILIES}
# that Prometheus puts on every series
GIVEN = {"job", "instance"}


def selectors(expression: str) -> list[promql_parser.VectorSelector]:
    """The series that an expression reads."""
    found: list[promql_parser.VectorSelector] = []

    def walk(node: object) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        for name in ("expr", "lhs", "rhs", "param", "vector_selector", "args"):
            below = getattr(node, name, None)
            for child in below if isinstance(below, list) else [below]:
                if child is not None and not isinstance(child, str):
                    walk(child)

    walk(promql_parser.parse(expression))
    return found


def expressions() -> list[tuple[str, str]]:
    of_panels = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
    return [*of_panels, *((rule["alert"], rule["expr"]) for rule in ALERTS)]


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_an_expression_reads_exported_metrics_by_labels_that_they_have(where: str, expression: str) -> None:
    read = selectors(expression)
    assert read, "nothing is read"
    for selector in read:
        assert selector.name in BY_NAME, selector.name
        assert {matcher.name for matcher in selector.matchers.matchers} <= {*BY_NAME[selector.name].labels}


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_legend_names_labels_that_the_metric_has(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        wanted = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
        assert all(wanted <= {*BY_NAME[selector.name].labels} for selector in selectors(target["expr"]))


def test_the_dashboard_shows_every_metric_but_those_that_others_stand_for() -> None:
    shown = {selector.name for _where, expression in expressions() for selector in selectors(expression)}
    assert set(BY_NAME) - shown == {"touchstone_feed_age_seconds"}


def test_panels_have_titles_places_and_identities_of_their_own() -> None:
    everything = DASHBOARD["panels"]
    assert len(PANELS) > 20
    assert len({panel["id"] for panel in everything}) == len(everything)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        assert panel["description"], panel["title"]
        assert {target["refId"] for target in panel["targets"]} == set("ABCDEFG"[: len(panel["targets"])])
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    for one, other in itertools.combinations((panel["gridPos"] for panel in everything), 2):
        is_beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        is_above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert is_beside or is_above, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in everything)


def test_the_dashboard_finds_its_data_source_by_a_variable() -> None:
    [variable] = DASHBOARD["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", "prometheus")
    assert DASHBOARD["uid"] == "touchstone"


def test_an_alert_says_what_is_wrong_and_what_to_do() -> None:
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS) >= 10
    for rule in ALERTS:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "remedy"}
        labels = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        assert all(labels <= {*BY_NAME[selector.name].labels} for selector in selectors(rule["expr"])), rule["alert"]
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))


def test_every_metric_has_a_name_a_unit_and_labels_as_prometheus_wants_them() -> None:
    assert len(BY_NAME) == len(FAMILIES) > 25
    for family in FAMILIES:
        assert re.fullmatch(r"touchstone(_[a-z]+)+", family.name), family.name
        assert not GIVEN & {*family.labels}, family.name
        assert not family.means.endswith(".")
        assert not family.name.endswith(("_total", "_count", "_sum", "_bucket", "_info")), family.name


def test_the_docs_have_every_metric_with_its_labels_and_no_other() -> None:
    text = (PROJECT_ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(touchstone_\w+)(?:{([\w,]+)})?` \|", text, re.MULTILINE)
    assert {name: labels for name, labels in told} == {family.name: ",".join(family.labels) for family in FAMILIES}
