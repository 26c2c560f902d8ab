"""In a process of its own: load a generated project's definitions, run nothing, run all; prints seconds as JSON."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetSelection,
    DagsterInstance,
    Definitions,
    asset,
    define_asset_job,
    in_process_executor,
)
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

from orchestrator.helpers import write_stdout
from orchestrator.jobs.instance import write_instance_config
from orchestrator.resources.dbt import InstalledDbt
from orchestrator.warehouse.dbt import DBT_EXECUTABLE


def main() -> None:
    """The folder of the project and of the instance are the arguments."""
    folder, home = Path(sys.argv[1]), Path(sys.argv[2])
    project = DbtProject(project_dir=folder, profiles_dir=folder)
    loading, definitions = _timed(lambda: _resolved(project))
    write_instance_config(home)
    with DagsterInstance.from_config(str(home)) as instance:
        seconds = {"load": loading}
        for name in ("nothing", "everything"):
            job = definitions.resolve_job_def(name)
            seconds[name], result = _timed(
                lambda job=job: job.execute_in_process(instance=instance)  # type: ignore[misc]
            )
            assert result.success
    write_stdout(json.dumps(seconds).encode())


def _resolved(project: DbtProject) -> Definitions:
    @dbt_assets(manifest=project.manifest_path, project=project)
    def models(context: AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        yield from dbt.cli(["build"], context=context).stream()

    @asset
    def empty() -> None:
        """Does nothing."""

    of_nothing = AssetSelection.assets(empty)
    definitions = Definitions(
        assets=[models, empty],
        jobs=[
            define_asset_job("nothing", of_nothing, executor_def=in_process_executor),
            define_asset_job("everything", AssetSelection.all() - of_nothing, executor_def=in_process_executor),
        ],
        resources={"dbt": InstalledDbt(project_dir=str(project.project_dir), dbt_executable=DBT_EXECUTABLE)},
    )
    definitions.get_repository_def()
    return definitions


def _timed(do: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = do()
    return time.perf_counter() - start, result


if __name__ == "__main__":
    main()
