"""The sensors of alerts on real runs: what a run's events say becomes one message."""

from collections.abc import Iterator

import pytest
from alert_receivers import Receiver
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    Definitions,
    ExecuteInProcessResult,
    Failure,
    MaterializeResult,
    SkipReason,
    asset,
    build_run_status_sensor_context,
    build_sensor_context,
    define_asset_job,
    in_process_executor,
)

from orchestrator.alerts.story import end_of_run, one_sentence
from orchestrator.assets.landing import WITHIN_THRESHOLDS
from orchestrator.assets.policies import no_retry_unless_transient
from orchestrator.exceptions import FeedFileError
from orchestrator.sensors.failures import alerts_held_back, failed_runs, succeeded_runs
from orchestrator.settings import get_settings

FAULTS: dict[str, bool] = {}


@pytest.fixture(autouse=True)
def alerts_to(webhook: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The sensors' settings: one webhook, another environment, a public address of Dagster's page."""
    monkeypatch.setenv("TOUCHSTONE_ALERT_WEBHOOK_URL", webhook.url)
    monkeypatch.setenv("TOUCHSTONE_ENVIRONMENT", "staging")
    monkeypatch.setenv("TOUCHSTONE_UI_URL", "https://dagster.example/")
    get_settings.cache_clear()
    FAULTS.clear()
    yield
    get_settings.cache_clear()


@asset
def landing_prices() -> None:
    with no_retry_unless_transient():
        if FAULTS.get("file"):
            raise FeedFileError("prices.csv:7: 'x' is not a number.", "Mend the line and load the file again.")
        if FAULTS.get("bug"):
            raise KeyError("instrument")


@asset(
    deps=[landing_prices],
    check_specs=[
        AssetCheckSpec("unique_key", asset="fct_prices", blocking=True),
        AssetCheckSpec("few_rejected", asset="fct_prices"),
        AssetCheckSpec("rows_like_before", asset="fct_prices"),
        AssetCheckSpec(WITHIN_THRESHOLDS, asset="fct_prices"),
    ],
)
def fct_prices():
    return MaterializeResult(
        check_results=[
            AssetCheckResult(
                check_name="unique_key", passed=not FAULTS.get("key"), description="3 keys are there twice."
            ),
            AssetCheckResult(
                check_name="few_rejected",
                passed=not FAULTS.get("rejected"),
                metadata={"dagster_dbt/failed_row_count": 12 if FAULTS.get("rejected") else 0},
            ),
            AssetCheckResult(check_name="rows_like_before", passed=False, severity=AssetCheckSeverity.WARN),
            AssetCheckResult(check_name=WITHIN_THRESHOLDS, passed=not FAULTS.get("red")),
        ]
    )


@asset(deps=[fct_prices])
def mart_prices() -> None:
    """Comes after the facts."""


def run(instance: DagsterInstance, *faults: str, **tags: str) -> ExecuteInProcessResult:
    FAULTS.clear()
    FAULTS.update(dict.fromkeys(faults, True))
    defs = Definitions(
        assets=[landing_prices, fct_prices, mart_prices],
        jobs=[define_asset_job("prices", executor_def=in_process_executor, tags=tags)],
    )
    return defs.resolve_job_def("prices").execute_in_process(instance=instance, raise_on_error=False)


def tell(instance: DagsterInstance, result: ExecuteInProcessResult) -> None:
    """What the daemon does once the run has ended."""
    if result.success:
        event, sensor = result.get_run_success_event(), succeeded_runs
    else:
        event, sensor = result.get_run_failure_event(), failed_runs
    recorded = instance.get_run_by_id(result.run_id)
    assert recorded is not None
    context = build_run_status_sensor_context(sensor.name, event, instance, recorded)
    assert sensor(context) is None


def test_a_failed_step_is_told_with_asset_error_remedy_and_link(instance: DagsterInstance, webhook: Receiver) -> None:
    result = run(instance, "file", **{"dagster/partition": "2026-03-04"})
    tell(instance, result)
    [body] = webhook.bodies
    assert body["title"] == "Job prices failed: 1 step"
    assert body["error"] == "landing_prices: prices.csv:7: 'x' is not a number."
    assert body["remedy"] == "Mend the line and load the file again."
    assert (body["error_class"], body["severity"], body["environment"]) == ("FeedFileError", "error", "staging")
    assert (body["assets"], body["steps"], body["checks"]) == (["landing_prices"], ["landing_prices"], [])
    assert (body["job"], body["partition"]) == ("prices", "2026-03-04")
    assert body["run_url"] == f"https://dagster.example/runs/{result.run_id}"


def test_a_bug_is_told_with_its_class(instance: DagsterInstance, webhook: Receiver) -> None:
    tell(instance, run(instance, "bug"))
    [body] = webhook.bodies
    assert body["error_class"] == "KeyError"
    assert body["error"] == "landing_prices: 'instrument'"
    assert "Read the step's log" in body["remedy"]


def test_failed_checks_of_a_run_are_one_message_with_all_their_names(
    instance: DagsterInstance, webhook: Receiver
) -> None:
    result = run(instance, "key", "rejected")
    assert {event.step_key for event in result.get_step_success_events()} == {"landing_prices"}
    tell(instance, result)
    [body] = webhook.bodies
    assert body["checks"] == ["unique_key of fct_prices", "few_rejected of fct_prices"]
    assert body["assets"] == ["fct_prices"]
    assert "the first: Check unique_key of fct_prices failed: 3 keys are there twice." in body["error"]
    assert body["failures"] == 3
    assert "rows_like_before" not in str(body)


def test_a_red_batch_is_left_to_the_sensor_that_watches_quarantine(
    instance: DagsterInstance, webhook: Receiver
) -> None:
    tell(instance, run(instance, "red"))
    assert webhook.bodies == []
    tell(instance, run(instance, "red", "rejected"))
    [body] = webhook.bodies
    assert body["checks"] == ["few_rejected of fct_prices"]


def test_failed_checks_that_block_nothing_are_told_of_a_run_that_succeeded(
    instance: DagsterInstance, webhook: Receiver
) -> None:
    result = run(instance, "rejected")
    assert result.success
    tell(instance, result)
    tell(instance, run(instance, "rejected"))
    [body] = webhook.bodies
    assert body["title"] == "Job prices succeeded, 1 check failed"
    assert body["checks"] == ["few_rejected of fct_prices"]
    assert body["error"] == "Check few_rejected of fct_prices failed: its test found 12 rows."
    tell(instance, run(instance))
    assert [body["severity"] for body in webhook.bodies] == ["error", "recovered"]


def test_a_check_that_only_warns_is_not_told(instance: DagsterInstance, webhook: Receiver) -> None:
    tell(instance, run(instance))
    assert webhook.bodies == []


def test_ten_failed_runs_are_one_message_and_a_success_another_one(
    instance: DagsterInstance, webhook: Receiver
) -> None:
    for _ in range(10):
        tell(instance, run(instance, "file"))
    tell(instance, run(instance))
    tell(instance, run(instance))
    assert [body["kind"] for body in webhook.bodies] == ["run_failed", "run_recovered"]
    assert webhook.bodies[1]["title"] == "Job prices succeeds again"
    assert webhook.bodies[1]["assets"] == ["landing_prices"]


def test_a_run_whose_process_was_lost_is_told_with_the_step_it_was_in(
    instance: DagsterInstance, webhook: Receiver
) -> None:
    lost = instance.create_run_for_job(
        Definitions(assets=[landing_prices], jobs=[define_asset_job("lost")]).resolve_job_def("lost"),
        status=DagsterRunStatus.STARTED,
    )
    instance.report_engine_event(
        f"[Server] Run execution process for {lost.run_id} was terminated by signal 9 (SIGKILL). Maybe memory.", lost
    )
    instance.report_run_failed(lost)
    failed = instance.get_run_by_id(lost.run_id)
    assert failed is not None
    [record] = instance.fetch_run_status_changes(DagsterEventType.RUN_FAILURE, limit=1).records
    event = record.event_log_entry.get_dagster_event()
    failed_runs(build_run_status_sensor_context("failed_runs", event, instance, failed))
    [body] = webhook.bodies
    assert body["title"] == "Job lost broke off"
    assert body["error"] == f"Run execution process for {lost.run_id} was terminated by signal 9 (SIGKILL)."
    assert body["error_class"] == "RunCrash"


def test_nothing_held_back_is_nothing_sent(instance: DagsterInstance) -> None:
    answer = alerts_held_back(build_sensor_context(instance=instance))
    assert isinstance(answer, SkipReason)
    assert "0 messages" in str(answer.skip_message)


def test_of_dbt_s_output_its_errors_are_told() -> None:
    said = """The dbt CLI process with command

`dbt build --select x`

failed with exit code `1`.

Errors parsed from dbt logs:

Database Error in model dim_field (models/dimensions/dim_field.sql)
  Code: 60. Table touchstone.gone does not exist."""
    assert one_sentence(said) == (
        "Database Error in model dim_field (models/dimensions/dim_field.sql) Code: 60. Table touchstone.gone does not exist."
    )


def test_no_colour_of_a_terminal_gets_into_a_message() -> None:
    said = "Errors parsed from dbt logs:\n6 of 42 FAIL 1 is_whole [\x1b[31mFAIL 1\x1b[0m in 1.18s]\n\x1b[31mFailure in test\x1b[0m"
    assert one_sentence(said) == "6 of 42 FAIL 1 is_whole [FAIL 1 in 1.18s] Failure in test"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", ""),
        ("[DagsterApiServer] Run execution process for x unexpectedly exited with code 1.", "Run execution process for x unexpectedly exited with code 1."),
        ("Detected run worker status NOT_FOUND: 'Its command is gone.'. Marking run x as failed.", "Its command is gone."),
        ("Exceeded maximum runtime of 60 seconds.", "Exceeded maximum runtime of 60 seconds."),
    ],
)  # fmt: skip
def test_of_the_end_of_a_run_only_the_reason_is_told(said: str, told: str) -> None:
    assert end_of_run(said) == told


def test_a_failure_without_a_word_still_says_so(instance: DagsterInstance, webhook: Receiver) -> None:
    @asset
    def silent() -> None:
        raise Failure

    defs = Definitions(assets=[silent], jobs=[define_asset_job("quiet", executor_def=in_process_executor)])
    tell(instance, defs.resolve_job_def("quiet").execute_in_process(instance=instance, raise_on_error=False))
    [body] = webhook.bodies
    assert body["title"] == "Job quiet failed: 1 step"
    assert body["error"].startswith("silent: ")
