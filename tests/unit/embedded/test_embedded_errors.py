"""Error codes, their HTTP status and their text."""

import pytest

from orchestrator.embedded.errors import QueryError, from_engine, http_status
from orchestrator.exceptions import TouchstoneError


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (62, 400),
        (36, 400),
        (194, 401),
        (516, 403),
        (60, 404),
        (115, 404),
        (159, 408),
        (381, 411),
        (229, 413),
        (48, 501),
    ],
)
def test_codes_have_the_status_the_server_gives_them(code, status):
    assert http_status(code) == status


@pytest.mark.parametrize("code", [57, 158, 164, 216, 241, 372, 373, 374, 394, 395, 396, 456, 457, 999_999])
def test_every_other_code_is_500(code):
    assert http_status(code) == 500


@pytest.mark.parametrize(
    ("raw", "code", "name", "text"),
    [
        (
            "Code: 60. DB::Exception: Table x does not exist. (UNKNOWN_TABLE)",
            60,
            "UNKNOWN_TABLE",
            "Table x does not exist.",
        ),
        ("Streaming query failed: Code: 395. DB::Exception: no. (FOO_BAR) (version 26.9.2.1)", 395, "FOO_BAR", "no."),
        (
            "Code: 108. DB::Exception: Code: 108. DB::Exception: No data. (NO_DATA) (version 26.9.2.1). (NO_DATA)",
            108,
            "NO_DATA",
            "No data.",
        ),
        (
            "Streaming insert finish failed: Code: 27. DB::Exception: Cannot parse\n: (at row 1)\n. (CANNOT_PARSE) "
            "(version 26.9.2.1 (official build))",
            27,
            "CANNOT_PARSE",
            "Cannot parse\n: (at row 1)\n.",
        ),
        (
            "Code: 62. DB::Exception: Bad: x: In scope SELECT formatQuerySingleLine(unhex('00')). (SYNTAX_ERROR)",
            62,
            "SYNTAX_ERROR",
            "Bad: x.",
        ),
        ("something else entirely", 1002, "UNKNOWN_EXCEPTION", "something else entirely"),
        ("", 1002, "UNKNOWN_EXCEPTION", "RuntimeError"),
    ],
)
def test_the_engines_nested_texts_are_unwrapped(raw, code, name, text):
    error = from_engine(RuntimeError(raw))
    assert (error.code, error.name, error.text) == (code, name, text)


def test_the_body_is_what_a_server_writes():
    error = QueryError(60, "Table x does not exist.", "UNKNOWN_TABLE")
    expected = "Code: 60. DB::Exception: Table x does not exist. (UNKNOWN_TABLE) (version 26.9.2.1 (official build))\n"
    assert error.body("26.9.2.1") == expected


def test_a_query_error_passes_through_and_is_one_of_ours():
    error = QueryError(62, "x.")
    assert from_engine(error) is error
    assert isinstance(error, TouchstoneError)
    assert error.name == "SYNTAX_ERROR"
