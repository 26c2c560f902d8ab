"""clickhouse-migrations, over clickhouse-connect, against the embedded engine."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def migrate(embedded_engine, database, tmp_path):
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "001_trades.sql").write_text(
        "CREATE TABLE IF NOT EXISTS trades (id UInt64, code String) ENGINE = MergeTree ORDER BY id;\n"
        "INSERT INTO trades VALUES (1, 'a;b');\n"
    )
    (folder / "001_trades.down.sql").write_text("DROP TABLE IF EXISTS trades;\n")

    def run(verb: str) -> str:
        arguments = [] if verb == "dump" else ["--migrations-dir", str(folder)]
        command = [str(Path(sys.executable).with_name("clickhouse-migrations")), verb]
        command += ["--driver", "clickhouse-connect", "--db-host", "127.0.0.1", "--db-port", str(embedded_engine.port)]
        command += ["--db-name", database, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_migrations_apply_dump_and_roll_back(migrate, client):
    migrate("migrate")
    assert client.query("SELECT * FROM trades").result_rows == [(1, "a;b")]
    assert "CREATE TABLE" in migrate("dump")
    migrate("migrate")
    assert client.command("SELECT count() FROM trades") == 1
    migrate("down")
    assert client.command("EXISTS TABLE trades") == 0
