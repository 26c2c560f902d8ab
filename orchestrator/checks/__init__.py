"""Dagster asset checks that are no dbt tests."""
