"""The dbt packages of the project, put where dbt looks for them."""

import os
from pathlib import Path
from typing import Final
from uuid import uuid4

import yaml

from orchestrator.constants import DBT_PROJECT_DIR
from orchestrator.exceptions import DbtError
from orchestrator.settings import Settings

PACKAGES_FILE: Final = DBT_PROJECT_DIR / "packages.yml"


def install_packages(settings: Settings, packages_file: Path = PACKAGES_FILE) -> None:
    """Link every package that `packages.yml` names into the home, and remove what it no longer names.

    That is what `dbt deps` comes to for packages of the checkout, but nothing is written in the project, which may be
    read-only: dbt takes whatever lies in the folder. Two processes may do it at once.

    Raises:
        DbtError: an entry is not a `local:` folder with a dbt_project.yml.
    """
    wanted = {folder.name: folder for folder in _local_packages(packages_file)}
    installed = settings.dbt_packages_dir
    installed.mkdir(parents=True, exist_ok=True)
    for link in installed.iterdir():
        if link.is_symlink() and not link.name.startswith("__") and link.name not in wanted:
            link.unlink(missing_ok=True)
    for name, folder in wanted.items():
        link = installed / name
        if link.is_symlink() and link.readlink() == folder:
            continue
        made = installed / f"__{uuid4().hex}"  # dbt passes over folders that begin like this
        made.symlink_to(folder, target_is_directory=True)
        os.replace(made, link)  # noqa: PTH105 in one step, whether or not something is there


def _local_packages(packages_file: Path) -> list[Path]:
    entries = (yaml.safe_load(packages_file.read_text(encoding="utf-8")) or {}).get("packages") or []
    folders = []
    for entry in entries:
        folder = (packages_file.parent / str(entry.get("local"))).resolve()
        if set(entry) != {"local"} or not (folder / "dbt_project.yml").is_file():
            raise DbtError(
                f"{packages_file.name} names {entry}, which is no dbt project of this checkout.",
                "Put the package below dbt_project/packages and name it as `local:`.",
            )
        folders.append(folder)
    return folders
