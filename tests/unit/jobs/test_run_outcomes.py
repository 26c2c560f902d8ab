"""What is told of a run at its end."""

from collections.abc import Iterator
from pathlib import Path

from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    DagsterInstance,
    Definitions,
    MaterializeResult,
    RetryPolicy,
    asset,
    define_asset_job,
    in_process_executor,
)

from orchestrator.jobs.runs import execute


@asset(retry_policy=RetryPolicy(max_retries=1), check_specs=[AssetCheckSpec("whole", asset="rows")])
def rows(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
    """Breaks off at its first try, with a failed check."""
    yield MaterializeResult(check_results=[AssetCheckResult(passed=context.retry_number > 0)])
    if context.retry_number == 0:
        raise ConnectionError("The engine went away.")


def test_a_check_that_failed_in_a_first_try_and_passed_in_the_second_counts_once_as_passed(tmp_path: Path) -> None:
    defs = Definitions(assets=[rows], jobs=[define_asset_job("one")], executor=in_process_executor)
    outcome = execute(
        defs.resolve_job_def("one"),
        DagsterInstance.ephemeral(),
        "5f0b8c1e-0000-4000-8000-000000000001",
        expected_events=2,
        log_file=tmp_path / "run.log",
    )
    assert outcome.succeeded
    assert (outcome.checks_passed, outcome.checks_failed, outcome.failed) == (1, 0, [])
