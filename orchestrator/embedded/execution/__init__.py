"""Statements run on chdb: handles, sessions, streams in and out. Blocks; called in threads."""
