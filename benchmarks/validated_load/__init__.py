"""A load whose every row is landed, resolved and checked, beside the bare insert and beside other ways to check."""
