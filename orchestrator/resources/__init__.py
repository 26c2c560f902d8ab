"""Dagster resources: the warehouse and dbt."""
