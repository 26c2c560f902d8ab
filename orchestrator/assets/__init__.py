"""Dagster assets: the foundations, the landing and every dbt node."""
