"""The HTTP interface: requests read, bodies decoded, answers sent. Asynchronous; what blocks runs in threads."""
