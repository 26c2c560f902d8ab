"""From a request's URL and headers to what it asks for."""

import base64

import pytest

from orchestrator.embedded.errors import QueryError
from orchestrator.embedded.interface.protocol import (
    Credentials,
    credentials,
    is_flag_set,
    new_query_id,
    query_request,
    roles_asked,
    split_types,
    url_parameters,
)


def request(query_string: bytes = b"", headers=None, method="POST", **more):
    return query_request(method, url_parameters(query_string), headers or {}, "id", **more)


def test_the_first_of_a_repeated_parameter_counts_and_values_are_bytes():
    assert url_parameters(b"a=1&a=2&b=x+y%20z&c=%ff&d") == {"a": b"1", "b": b"x y z", "c": b"\xff", "d": b""}


def test_whatever_is_not_of_the_transport_is_a_setting():
    asked = request(
        b"query=SELECT+1&database=d&user=u&query_id=q&session_id=s&max_threads=3&param_x=1&client_protocol_version=54405"
        b"&wait_end_of_query=1&buffer_size=10&send_progress_in_http_headers=1&date_time_input_format=best_effort"
    )
    assert asked.settings == {"max_threads": "3", "date_time_input_format": "best_effort"}
    assert asked.params == {"x": "1"}
    assert (asked.sql, asked.database, asked.session_id) == (b"SELECT 1", "d", "s")
    assert (asked.wait_end_of_query, asked.buffer_size) == (True, 10)


def test_settings_of_the_http_server_are_acted_on():
    asked = request(
        b"cancel_http_readonly_queries_on_client_close=1&enable_http_compression=0&http_wait_end_of_query=1"
    )
    assert (asked.accepts_compression, asked.wait_end_of_query) == (False, True)


def test_headers_beat_the_url_for_database_and_format():
    asked = request(b"database=a&default_format=CSV", {"x-clickhouse-database": "b", "x-clickhouse-format": "JSON"})
    assert (asked.database, asked.default_format) == ("b", "JSON")


@pytest.mark.parametrize(
    ("method", "query_string", "readonly"),
    [("POST", b"", 0), ("GET", b"", 2), ("HEAD", b"", 2), ("GET", b"readonly=1", 1), ("POST", b"readonly=2", 2)],
)
def test_get_and_head_only_read(method, query_string, readonly):
    assert request(query_string, method=method).readonly == readonly


def test_only_metadata_of_uploaded_tables_is_taken_out_of_the_settings():
    asked = request(b"ids_types=UInt8&ids_format=CSV&date_time_input_format=x&other_types=y", uploads=["ids"])
    assert asked.settings == {"date_time_input_format": "x", "other_types": "y"}
    table = asked.external_tables[0]
    assert (table.name, table.structure, table.format) == ("ids", "_1 UInt8", "CSV")


def test_a_form_adds_the_query_and_parameters_but_the_url_goes_first():
    asked = request(b"query=A&param_x=1", form={"query": b"B", "param_x": b"2", "param_y": b"3", "max_threads": b"9"})
    assert asked.sql == b"A\nB"
    assert asked.params == {"x": "1", "y": "3"}
    assert asked.settings == {}


def test_an_uploaded_table_without_columns_is_36():
    with pytest.raises(QueryError) as caught:
        request(b"", uploads=["ids"])
    assert caught.value.code == 36


def test_types_are_split_at_commas_outside_brackets():
    assert split_types("UInt8, Map(String, Array(UInt8)),Decimal(9, 2)") == [
        "UInt8",
        "Map(String, Array(UInt8))",
        "Decimal(9, 2)",
    ]


@pytest.mark.parametrize("value", [b"abc", b"-1", b"3601", b"1.5", b""])
def test_a_session_timeout_out_of_range_is_374(value):
    with pytest.raises(QueryError) as caught:
        request(b"session_id=s&session_timeout=" + value)
    assert caught.value.code == 374


def test_roles_may_be_asked_for_more_than_once():
    assert roles_asked(b"role=desk&query=SELECT+1&role=night%20shift") == ["desk", "night shift"]
    assert roles_asked(b"role=&query=SELECT+1") == []


def test_a_flag_of_the_transport_is_off_unless_it_is_set():
    assert is_flag_set({"compress": b"1"}, "compress")
    assert not is_flag_set({"compress": b"0"}, "compress")
    assert not is_flag_set({}, "compress")


def test_a_query_id_comes_from_the_url_then_the_header_then_from_us():
    assert new_query_id({"query_id": b"u"}, {"x-clickhouse-query-id": "h"}) == "u"
    assert new_query_id({"query_id": b""}, {"x-clickhouse-query-id": "h"}) == "h"
    assert len(new_query_id({}, {})) == 36


def test_every_form_of_login_gives_the_same_credentials():
    basic = "Basic " + base64.b64encode(b"ann:a:b").decode()
    assert credentials({"authorization": basic}, {}) == Credentials("ann", "a:b")
    assert credentials({"x-clickhouse-user": "ann", "x-clickhouse-key": "a:b"}, {}) == Credentials("ann", "a:b")
    assert credentials({}, {"user": b"ann", "password": b"a:b"}) == Credentials("ann", "a:b")
    assert credentials({}, {}) == Credentials("default", "")


@pytest.mark.parametrize(
    ("headers", "url"),
    [
        ({"authorization": "Bearer x"}, {}),
        ({"authorization": "Basic !!!"}, {}),
        ({"authorization": "Basic YTpi", "x-clickhouse-user": "a"}, {}),
        ({"x-clickhouse-user": "a"}, {"user": b"a"}),
    ],
)
def test_mixed_and_unknown_forms_of_login_are_516(headers, url):
    with pytest.raises(QueryError) as caught:
        credentials(headers, url)
    assert caught.value.code == 516
