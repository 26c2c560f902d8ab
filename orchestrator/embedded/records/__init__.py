"""What is remembered of each query."""
