"""Who may come in, and what nobody may read or write."""
