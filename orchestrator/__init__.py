"""Touchstone's control room: the `touchstone` command and the Dagster code location."""
