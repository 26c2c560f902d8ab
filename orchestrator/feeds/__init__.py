"""Feeds: what each one looks like, and the readers that turn files into batches."""
