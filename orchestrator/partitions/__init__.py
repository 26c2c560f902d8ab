"""Dagster partitions: the keys by which facts and marts are made anew."""
