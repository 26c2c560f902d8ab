"""Calling dbt on the project, with the engine and folders that the settings name."""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from orchestrator.constants import DBT_PROJECT_DIR, SEEDS_DIR
from orchestrator.exceptions import DbtError
from orchestrator.helpers import get_logger
from orchestrator.settings import Settings, child_environment, inherited_environment
from orchestrator.warehouse.client import running_address
from orchestrator.warehouse.dbt_packages import install_packages

log = get_logger(__name__)

DBT_EXECUTABLE = str(Path(sys.executable).parent / "dbt")
_MANIFEST = "manifest.json"
_STAMP = "manifest.sha256"
_PARSED_SUFFIXES = (".sql", ".yml", ".md")


def run_dbt(settings: Settings, arguments: list[str], *, host: str, port: int) -> int:
    """Run dbt with its own output on this terminal; returns its exit code."""
    install_packages(settings)
    environment = inherited_environment() | child_environment(settings, host, port)
    return subprocess.run([DBT_EXECUTABLE, *arguments], env=environment, cwd=DBT_PROJECT_DIR, check=False).returncode


def manifest_path(settings: Settings) -> Path:
    """Where dbt writes the manifest that Dagster reads."""
    return settings.dbt_dir / "target" / _MANIFEST


def ensure_manifest(settings: Settings) -> Path:
    """The manifest of the project as it is now; parsed anew only when a file of the project changed. Needs no engine.

    Raises:
        DbtError: the project does not parse; the message ends with what dbt said.
    """
    install_packages(settings)
    path = manifest_path(settings)
    stamp = settings.dbt_dir / _STAMP
    digest = _project_digest()
    if path.is_file() and stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
        return path
    log.info("parsing the dbt project", manifest=str(path))
    environment = inherited_environment() | child_environment(settings, settings.host, settings.wanted_port)
    settings.dbt_dir.mkdir(parents=True, exist_ok=True)
    parsed = subprocess.run(
        [DBT_EXECUTABLE, "--no-use-colors", "parse"],
        env=environment,
        cwd=DBT_PROJECT_DIR,
        check=False,
        capture_output=True,
        text=True,
    )
    if parsed.returncode != 0:
        raise DbtError(f"The dbt project does not parse:\n{parsed.stdout}{parsed.stderr}", "Mend the file it names.")
    stamp.write_text(digest, encoding="ascii")
    return path


def compiled_sql(settings: Settings, path: Path) -> str:
    """The SQL of a file of the project with its references filled in; those of its folder are compiled with it.

    Raises:
        DbtError: it does not compile; the message ends with what dbt said.
    """
    install_packages(settings)
    address = running_address(settings)
    environment = inherited_environment() | child_environment(settings, address.host, address.port)
    compiled = subprocess.run(
        [DBT_EXECUTABLE, "--no-use-colors", "compile", "--select", f"path:{path.parent.relative_to(DBT_PROJECT_DIR)}"],
        env=environment,
        cwd=DBT_PROJECT_DIR,
        check=False,
        capture_output=True,
        text=True,
    )
    written = settings.dbt_dir / "target" / "compiled" / "touchstone" / path.relative_to(DBT_PROJECT_DIR)
    if compiled.returncode != 0 or not written.is_file():
        raise DbtError(f"{path.name} does not compile:\n{compiled.stdout}{compiled.stderr}", "Mend it.")
    return written.read_text(encoding="utf-8")


def _project_digest() -> str:
    digest = sha256()
    for folder in (DBT_PROJECT_DIR, SEEDS_DIR):
        for path in sorted(folder.rglob("*")):
            if path.suffix in _PARSED_SUFFIXES and path.is_file():
                digest.update(f"{path.relative_to(folder)}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
