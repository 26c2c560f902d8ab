"""The embedded engine over HTTP beside chdb in a process of its own."""
