"""The configuration chdb is opened with: what a server's SQL may do by default, and what no SQL may do here.

chdb runs every query as its user `default`. Grants from its users file are obeyed, so the engine itself refuses tables,
functions and databases that reach into the host's files; `FILE_ROLE` gives them back to one statement at a time, after
`access.files` has looked at it.
"""

from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

FILE_ROLE: Final = "touchstone_files"
CONFIG_FOLDER: Final = "config"

# Settings that name a file of the host, to read or to write.
_FILE_SETTINGS: Final = (
    "format_template_row",
    "format_template_resultset",
    "output_format_schema",
    "input_format_record_errors_file_path",
    "rename_files_after_processing",
)
# Engines that take a path, that run programs, or that would keep chdb from starting again.
_REFUSED_ENGINES: Final = (
    "File", "FileLog", "Filesystem", "SQLite", "Executable", "ExecutablePool", "DeltaLakeLocal", "IcebergLocal",
    "PaimonLocal", "EmbeddedRocksDB", "QueryRunner", "Kafka",
)  # fmt: skip
_REVOKED: Final = (
    "FILE ON *.*",
    "SQLITE ON *.*",
    "SYSTEM SHUTDOWN ON *.*",
    *(f"TABLE ENGINE ON {name}" for name in _REFUSED_ENGINES),
)


def write_config(folder: Path, user_files: Path, backups: Path) -> Path:
    """Write the configuration files of one engine.

    Args:
        folder: private to the engine.
        user_files: what `file()` may read and write.
        backups: where BACKUP may write to and RESTORE read from.

    Returns:
        The file to open chdb with. Raises OSError.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    users = folder / "users.xml"
    users.write_text(_users(), encoding="utf-8")
    config = folder / "config.xml"
    config.write_text(
        "<clickhouse>"
        f"<users_config>{escape(str(users))}</users_config>"
        f"<user_files_path>{escape(str(user_files))}/</user_files_path>"
        f"<backups><allowed_path>{escape(str(backups))}/</allowed_path></backups>"
        "</clickhouse>\n",
        encoding="utf-8",
    )
    return config


def _users() -> str:
    constraints = "".join(f"<{name}><const/></{name}>" for name in _FILE_SETTINGS)
    grants = ["GRANT ALL ON *.* WITH GRANT OPTION", *(f"REVOKE {what}" for what in _REVOKED), f"GRANT {FILE_ROLE}"]
    return (
        "<clickhouse>"
        # A server's defaults where chdb has others.
        "<profiles><default><implicit_select>0</implicit_select>"
        "<allow_introspection_functions>0</allow_introspection_functions>"
        f"<constraints>{constraints}</constraints></default></profiles>"
        f"<roles><{FILE_ROLE}><grants><query>GRANT READ, WRITE ON FILE</query>"
        f"<query>GRANT TABLE ENGINE ON File</query></grants></{FILE_ROLE}></roles>"
        "<users><default><password></password><networks><ip>::/0</ip></networks>"
        "<profile>default</profile><quota>default</quota>"
        f"<grants>{''.join(f'<query>{grant}</query>' for grant in grants)}</grants></default></users>"
        "<quotas><default/></quotas>"
        "</clickhouse>\n"
    )
