"""Upkeep of the warehouse: disks, merges, retention, reconciliation, drift, backups that were tried."""
