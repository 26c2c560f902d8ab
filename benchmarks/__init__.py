"""Measurements: commands whose figures the documentation quotes. Nothing in the project imports them."""
