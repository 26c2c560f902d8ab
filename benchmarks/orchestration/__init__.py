"""What Dagster and dbt cost beside the bare SQL that they have run."""
