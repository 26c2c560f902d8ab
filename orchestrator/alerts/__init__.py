"""Alerts: what failed, why and what to do next, told once on every channel that is set. See docs/alerts.md."""

from orchestrator.alerts.alert import Alert, Severity
from orchestrator.alerts.raising import raise_alert

__all__ = ["Alert", "Severity", "raise_alert"]
