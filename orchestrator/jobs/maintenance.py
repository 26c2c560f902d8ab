"""The job that keeps the warehouse in order: one op per task, none waits for another, a failed one fails the job."""

from dagster import OpDefinition, OpExecutionContext, Output, in_process_executor, job, op

from orchestrator.assets.policies import LANDING_RETRIES, no_retry_unless_transient
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.maintenance.tasks import TASKS, Task

MAINTENANCE = "maintenance"


def _op_of(task: Task) -> OpDefinition:
    @op(name=f"maintain_{task.name}", description=f"{task.means.capitalize()}.", retry_policy=LANDING_RETRIES)
    def maintain(context: OpExecutionContext, warehouse: WarehouseResource) -> Output[None]:
        with no_retry_unless_transient():
            report = task.do(warehouse.settings, False)
        context.log.info(f"{task.name}: {dict(report)}")
        return Output(None, metadata=dict(report))

    return maintain


_OPS = [_op_of(task) for task in TASKS.values()]


@job(
    name=MAINTENANCE,
    executor_def=in_process_executor,
    description="Disks, merges, retention, reconciliation, drift, and a backup that is restored and compared. "
    "A task that fails does not keep the others from being done.",
)
def maintenance() -> None:
    """As `touchstone maintain`."""
    for maintain in _OPS:
        maintain()
