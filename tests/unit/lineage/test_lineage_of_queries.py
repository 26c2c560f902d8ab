"""Lineage of columns as it is read from SQL and from the declaration of a feed."""

import pytest

from orchestrator.exceptions import LineageError
from orchestrator.feeds.specs import get_feed
from orchestrator.lineage.chain import lineage_of_fact, lineage_of_quarantine
from orchestrator.lineage.expressions import Lineage
from orchestrator.lineage.queries import lineage_of_query

COLUMNS = {"trades": ["trade_id", "instrument_id", "price", "size"], "quotes": ["instrument_id", "bid"]}


def told(lineage: Lineage) -> dict[str, str]:
    return {name: " ".join(sorted(".".join(column) for column in columns)) for name, columns in lineage.items()}


def of(sql: str) -> dict[str, str]:
    return told(lineage_of_query(sql, "db", COLUMNS))


def test_a_column_is_made_of_those_in_its_expression_through_all_steps() -> None:
    sql = """
        WITH sums AS (SELECT instrument_id, sum(price * size) AS notional, count() AS trades FROM `db`.`trades`
            WHERE trade_id > 0 GROUP BY instrument_id),
        named AS (SELECT *, notional / trades AS mean FROM sums)
        SELECT * FROM named
    """
    assert of(sql) == {
        "instrument_id": "trades.instrument_id",
        "notional": "trades.price trades.size",
        "trades": "",
        "mean": "trades.price trades.size",
    }


def test_an_attribute_of_a_dictionary_is_told_with_the_key_it_is_asked_for() -> None:
    sql = """
        WITH keyed AS (SELECT toUInt64(instrument_id) AS id FROM db.trades)
        SELECT
            dictGet('db.dict_instrument', 'code', id) AS code,
            dictGetOrDefault('db.dict_instrument', ('name', 'kind'), id, ('', '')) AS both,
            dictHas('db.dict_instrument', id) AS known
        FROM keyed
    """
    assert of(sql) == {
        "code": "dict_instrument.code trades.instrument_id",
        "both": "dict_instrument.kind dict_instrument.name trades.instrument_id",
        "known": "trades.instrument_id",
    }


def test_unions_joins_subqueries_and_windows_are_followed() -> None:
    sql = """
        SELECT t.instrument_id AS instrument_id, (SELECT max(bid) FROM db.quotes) AS top,
            row_number() OVER (ORDER BY t.price) AS place
        FROM db.trades AS t INNER JOIN db.quotes AS q USING (instrument_id)
        UNION ALL
        SELECT instrument_id, bid, 0 FROM db.quotes
    """
    assert of(sql) == {
        "instrument_id": "quotes.instrument_id trades.instrument_id",
        "top": "quotes.bid",
        "place": "trades.price",
    }


@pytest.mark.parametrize("sql", ["SELECT FROM WHERE", "DROP TABLE db.trades"])
def test_what_cannot_be_read_is_an_error_of_its_own(sql: str) -> None:
    with pytest.raises(LineageError):
        of(sql)


def test_a_fact_is_made_of_what_was_landed_and_of_the_dictionaries_that_resolve_it() -> None:
    field = "dict_field_ids.field_id landing_observations.field"
    value = f"dict_field.field_type {field} landing_observations.value"
    code = {
        name: f"dict_{name}_ids.{name}_id landing_observations.{name}"
        for name in ("source", "instrument", "asset_class", "product_type", "data_class")
    }
    assert told(lineage_of_fact(get_feed("observations"))) == {
        **{f"{name}_id": columns for name, columns in code.items()},
        "field_id": field,
        # a child is looked up by its parent's ID
        "sub_asset_class_id": "dict_asset_class_ids.asset_class_id dict_sub_asset_class_ids.sub_asset_class_id "
        "landing_observations.asset_class landing_observations.sub_asset_class",
        "observed_at": "landing_observations.observed_at",
        "known_at": "landing_observations.received_at",
        "value_number": value,
        "value_text": value,
        "value_date": value,
        "batch_id": "landing_observations.batch_id",
        "row_number": "landing_observations.row_number",
    }


def test_a_rejected_row_keeps_what_was_landed_and_its_reasons_come_from_all_of_it() -> None:
    feed = get_feed("observations")
    lineage = told(lineage_of_quarantine(feed))
    assert {lineage[name] for name in feed.columns} == {f"{feed.landing}.{name}" for name in feed.columns}
    reasons = lineage["reasons"].split()
    assert {f"{feed.landing}.{name}" for name in (*feed.columns, "received_at")} < set(reasons)
    assert {"dict_field.field_type", "dict_feed_rule.action", "dict_source_ids.source_id"} < set(reasons)
    assert lineage["reason_mask"] == lineage["reasons"]
    assert lineage["attempt"] == ""
