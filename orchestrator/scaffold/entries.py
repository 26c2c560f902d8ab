"""Columns and tests as dbt's YAML has them."""

from typing import Any

Entry = dict[str, Any]


def test_entry(test: str, of: str, /, **arguments: Any) -> Entry:  # noqa: ANN401 whatever YAML takes
    """A test of a model or column under a name that people can read; dbt would make one of all arguments."""
    return {test: {"name": f"{test}_{of}", "arguments": arguments}}


def column_entry(name: str, data_type: str | None, description: str, *tests: Any) -> Entry:  # noqa: ANN401
    entry: Entry = {"name": name}
    if data_type is not None:
        entry["data_type"] = data_type
    entry["description"] = description
    if tests:
        entry["data_tests"] = list(tests)
    return entry
