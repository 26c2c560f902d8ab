"""Lineage of columns: which columns of which relations a column is made of."""
