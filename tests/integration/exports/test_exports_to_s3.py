"""Exports to a bucket of a local server that speaks S3: files, manifest and Iceberg, and a bucket out of reach."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from buckets import LOGIN, new_bucket, s3_server, s3_settings_of
from clickhouse_connect.driver.client import Client
from house import free_port
from pyiceberg.catalog.sql import SqlCatalog

from orchestrator.assets.policies import is_transient
from orchestrator.exceptions import ExportTargetError
from orchestrator.exports.exporting import ExportRequest, ExportResult, export
from orchestrator.exports.specs import ExportFormat, get_export
from orchestrator.exports.targets import open_target
from orchestrator.settings import Settings

COVERAGE = get_export("field_coverage")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Address of the server."""
    with s3_server() as address:
        yield address


@pytest.fixture
def bucket(endpoint: str) -> str:
    """A bucket of the test's own."""
    return new_bucket(endpoint)


@pytest.fixture
def s3_settings(run_settings: Settings, endpoint: str, tmp_path: Path) -> Settings:
    """Settings with the login of the server, and a home of the test's own for the catalog."""
    return run_settings.model_copy(update={"touchstone_home": tmp_path, **s3_settings_of(endpoint)})


@pytest.fixture
def exported(run_client: Client, s3_settings: Settings, bucket: str) -> Callable[..., ExportResult]:
    def run(kind: ExportFormat, **wanted: bool) -> ExportResult:
        request = ExportRequest(COVERAGE, kind, **wanted)
        return export(run_client, s3_settings, request, f"s3://{bucket}/daily/summaries")

    return run


@pytest.fixture
def objects(endpoint: str, bucket: str) -> Callable[[], dict[str, bytes]]:
    """Content of the bucket by key, read by AWS's own library."""

    def read() -> dict[str, bytes]:
        found = boto3.resource("s3", endpoint_url=endpoint, **LOGIN).Bucket(bucket).objects.all()
        return {item.key: item.get()["Body"].read() for item in found}

    return read


def test_files_and_manifest_are_objects_below_the_prefix_and_again_the_same(
    exported: Callable[..., ExportResult], objects: Callable[[], dict[str, bytes]], run_client: Client
) -> None:
    assert exported(ExportFormat.PARQUET).is_new
    assert exported(ExportFormat.CSV).is_new
    before = objects()
    below = "daily/summaries/field_coverage"
    assert {key for key, content in before.items() if content} == {
        f"{below}/_manifest.json", f"{below}/field_coverage.csv", f"{below}/field_coverage.parquet",
    }  # fmt: skip
    [(rows, observations)] = run_client.query("SELECT count(), sum(observations) FROM mart_field_coverage").result_rows
    table = pq.read_table(pa.BufferReader(before[f"{below}/field_coverage.parquet"]))
    assert (table.num_rows, sum(table["observations"].to_pylist())) == (rows, observations)
    assert json.loads(before[f"{below}/_manifest.json"])["formats"]["csv"]["rows"] == rows
    assert not exported(ExportFormat.PARQUET).is_new
    assert exported(ExportFormat.CSV, only_changed=True).unchanged == 1
    assert objects() == before


def test_an_iceberg_table_in_a_bucket_is_read_by_pyiceberg_and_duckdb(
    exported: Callable[..., ExportResult], s3_settings: Settings, bucket: str, run_client: Client, endpoint: str
) -> None:
    assert exported(ExportFormat.ICEBERG).is_new
    assert not exported(ExportFormat.ICEBERG).is_new
    catalog = SqlCatalog(
        "touchstone",
        uri=f"sqlite:///{s3_settings.touchstone_home}/iceberg/catalog.db",
        warehouse=f"s3://{bucket}/daily/summaries",
        **{"s3.endpoint": endpoint, "s3.access-key-id": "somebody", "s3.secret-access-key": "secret"},
    )
    table = catalog.load_table(("touchstone", "field_coverage"))
    assert table.metadata_location.startswith(f"s3://{bucket}/daily/summaries/iceberg/field_coverage/metadata/")
    assert len(table.snapshots()) == 1
    said = run_client.query("SELECT count(), sum(observations) FROM mart_field_coverage").result_rows
    found = table.scan().to_duckdb("coverage").execute("SELECT count(*), sum(observations) FROM coverage").fetchall()
    assert found == said


def test_a_bucket_that_there_is_none_of_is_told(s3_settings: Settings) -> None:
    with pytest.raises(ExportTargetError, match="s3://nowhere/x: there is no bucket nowhere") as caught:
        open_target(s3_settings, "s3://nowhere/x")
    assert not is_transient(caught.value)


def test_a_server_that_nobody_answers_for_is_told_and_worth_another_try(s3_settings: Settings) -> None:
    settings = s3_settings.model_copy(update={"touchstone_s3_endpoint": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(ExportTargetError, match=r"s3://bucket/x cannot be used: .*NETWORK_CONNECTION") as caught:
        open_target(settings, "s3://bucket/x")
    assert is_transient(caught.value)


def test_an_upload_that_fails_leaves_the_object_of_before(
    s3_settings: Settings, bucket: str, objects: Callable[[], dict[str, bytes]], tmp_path: Path
) -> None:
    target = open_target(s3_settings, f"s3://{bucket}/prefix")
    target.put_bytes("a/a.csv", b"before")
    with pytest.raises(ExportTargetError):
        target.put("a/a.csv", tmp_path)
    with pytest.raises(RuntimeError), target.aside() as path:
        path.write_bytes(b"half")
        raise RuntimeError
    assert target.read("a/a.csv") == b"before"
    assert target.sizes(["a/a.csv", "a/b.csv"]) == {"a/a.csv": 6}
    target.remove("a/a.csv")
    target.remove("a/a.csv")
    assert target.read("a/a.csv") is None
    assert not [key for key, content in objects().items() if content]
