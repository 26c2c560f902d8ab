"""The tests of the package dbt_expectations on a large table."""
