"""The verb about alerts."""

import sys

import click

from orchestrator.constants import EXIT_FAILURE
from orchestrator.helpers import stdout_console
from orchestrator.settings import Settings


@click.command("alert-test", short_help="Send a test message on all channels of alerts.")
@click.pass_obj
def alert_test(settings: Settings) -> None:
    """Send a test message on every channel that is set and say what happened to each; exits 1 when one failed.

    Channels are Slack, e-mail and a webhook; see docs/alerts.md.
    """
    from orchestrator.verbs.alerts import send_test

    if not send_test(stdout_console(), settings):
        sys.exit(EXIT_FAILURE)
