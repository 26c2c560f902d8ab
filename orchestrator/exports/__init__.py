"""Exports: relations of the warehouse as CSV, Parquet and Iceberg for others, in a folder or a bucket."""
