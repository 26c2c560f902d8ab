"""Buckets of feed files: what counts as a delivery, what a pattern names, fetching, and what is told where it fails."""

import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest
from buckets import client_of, new_bucket, s3_server, s3_settings_of
from house import free_port
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.assets.policies import is_transient
from orchestrator.exceptions import BucketError, FeedError, FeedFileError, SettingsError
from orchestrator.feeds import buckets
from orchestrator.feeds.buckets import StoredObject, deliveries_of, fetched, objects_matching
from orchestrator.feeds.sources import is_delivery, is_readable
from orchestrator.feeds.specs import get_feed
from orchestrator.settings import Settings, get_settings

OBSERVATIONS = get_feed("observations")
CONTENT = b"observed_at,source\n2026-01-05,lab\n"
HALF = (
    "a.csv.part", "b.csv.tmp", "c.tmp.csv", "d.csv.filepart", "e.PART.csv", ".f.csv", "_g.csv", "_SUCCESS", "h.crc",
    "_temporary/0/i.csv", "2026/.staging/j.csv", "notes.txt", "folder/",
)  # fmt: skip


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def bucket(endpoint: str) -> str:
    return new_bucket(endpoint)


@pytest.fixture
def s3_settings(endpoint: str, bucket: str, tmp_path: Path) -> Settings:
    return Settings(
        touchstone_home=tmp_path, touchstone_drop_url=f"s3://{bucket}/from/vendors", **s3_settings_of(endpoint)
    )


@pytest.fixture
def put(endpoint: str, bucket: str) -> Callable[..., None]:
    def put(key: str, content: bytes = CONTENT) -> None:
        client_of(endpoint).put_object(Bucket=bucket, Key=key, Body=content)

    return put


def keys(found: list[StoredObject]) -> list[str]:
    return [stored.key for stored in found]


def test_deliveries_are_whole_objects_below_the_folder_of_the_feed(
    put: Callable[..., None], s3_settings: Settings
) -> None:
    below = "from/vendors/observations"
    for name in ("2026/b.csv.gz", "a.parquet", *HALF):
        put(f"{below}/{name}")
    put(f"{below}/empty.csv", b"")
    put("from/vendors/observations.csv")
    put("from/vendors/instruments/a.csv")
    put("observations/a.csv")
    found = deliveries_of(OBSERVATIONS, s3_settings)
    assert sorted(keys(found)) == [f"{below}/2026/b.csv.gz", f"{below}/a.parquet"]
    assert found == sorted(found, key=lambda stored: (stored.modified_at, stored.key))
    assert {stored.size for stored in found} == {len(CONTENT)}
    assert all(stored.etag and stored.modified_at.tzinfo for stored in found)


def test_a_bucket_may_be_without_a_prefix_and_a_house_without_a_bucket(
    put: Callable[..., None], s3_settings: Settings, bucket: str
) -> None:
    put("observations/a.csv")
    for url in (f"s3://{bucket}", f"s3://{bucket}/"):
        settings = s3_settings.model_copy(update={"touchstone_drop_url": url})
        assert keys(deliveries_of(OBSERVATIONS, settings)) == ["observations/a.csv"]
    assert deliveries_of(OBSERVATIONS, s3_settings.model_copy(update={"touchstone_drop_url": None})) == []


def test_more_objects_than_a_page_are_all_there(
    put: Callable[..., None], s3_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        put(f"from/vendors/observations/{number}.csv")
    client = buckets._client(s3_settings)
    paginate = client.get_paginator("list_objects_v2").paginate
    pages = []

    class Paginator:
        def paginate(self, **options: str) -> Iterator[dict[str, object]]:
            for page in paginate(**options, PaginationConfig={"PageSize": 3}):
                pages.append(page)
                yield page

    monkeypatch.setattr(client, "get_paginator", lambda _name: Paginator())
    assert len(deliveries_of(OBSERVATIONS, s3_settings)) == 7
    assert len(pages) == 3


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a/x.csv", ["a/x.csv"]),
        ("a/*.csv", ["a/odd[1].csv", "a/x.csv", "a/y.csv"]),
        ("a/?.csv*", ["a/x.csv", "a/y.csv", "a/z.csv.gz"]),
        ("a/[xz].csv*", ["a/x.csv", "a/z.csv.gz"]),
        ("*/x.csv", ["a/x.csv", "b/x.csv"]),
        ("**/x.csv", ["a/b/x.csv", "a/x.csv", "b/x.csv", "x.csv"]),
        ("a/**", ["a/b/x.csv", "a/odd[1].csv", "a/x.csv", "a/y.csv", "a/z.csv.gz"]),
        ("a/odd[1].csv", ["a/odd[1].csv"]),
    ],
)
def test_a_pattern_names_objects_as_a_glob_names_files(
    put: Callable[..., None], s3_settings: Settings, bucket: str, pattern: str, found: list[str]
) -> None:
    for key in ("x.csv", "a/x.csv", "a/y.csv", "a/z.csv.gz", "a/odd[1].csv", "a/b/x.csv", "b/x.csv"):
        put(key)
    assert keys(objects_matching(s3_settings, f"s3://{bucket}/{pattern}")) == found


@pytest.mark.parametrize("key", ["nowhere.csv", "a/", "a", "*.parquet", ""])
def test_a_pattern_without_an_object_is_refused(
    put: Callable[..., None], s3_settings: Settings, bucket: str, key: str
) -> None:
    put("a/x.csv")
    with pytest.raises(FeedFileError, match=r"s3://\S*: there is no such object"):
        objects_matching(s3_settings, f"s3://{bucket}/{key}")
    with pytest.raises(FeedFileError, match="names no bucket"):
        objects_matching(s3_settings, "s3:///x.csv")


def test_an_object_is_a_source_as_long_as_it_is_needed(
    put: Callable[..., None], s3_settings: Settings, bucket: str
) -> None:
    put("from/vendors/observations/a.csv.gz")
    [stored] = deliveries_of(OBSERVATIONS, s3_settings)
    with fetched(s3_settings, stored) as source:
        assert source.path is not None
        assert source.path.read_bytes() == CONTENT
        assert source.name == source.place == f"s3://{bucket}/from/vendors/observations/a.csv.gz"
        assert (source.format, source.compression, source.version) == ("csv", "gzip", stored.version)
    assert list(s3_settings.spool_dir.iterdir()) == []
    with fetched(s3_settings, stored, "jsonl") as source:
        assert source.format == "jsonl"


def test_an_object_that_was_replaced_since_it_was_listed_is_told_as_what_was_fetched(
    put: Callable[..., None], s3_settings: Settings
) -> None:
    put("from/vendors/observations/a.csv")
    [listed] = deliveries_of(OBSERVATIONS, s3_settings)
    put("from/vendors/observations/a.csv", CONTENT * 2)
    with fetched(s3_settings, listed) as source:
        assert source.path is not None
        assert source.path.read_bytes() == CONTENT * 2
    [now] = deliveries_of(OBSERVATIONS, s3_settings)
    assert source.version == now.version != listed.version


def test_what_no_reader_is_there_for_is_not_fetched(
    put: Callable[..., None], s3_settings: Settings, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("a.xlsx")
    [stored] = objects_matching(s3_settings, f"s3://{bucket}/a.xlsx")
    monkeypatch.setattr(buckets, "_fetch", lambda *_: pytest.fail("it was fetched"))
    with pytest.raises(FeedFileError, match=rf"s3://{bucket}/a\.xlsx: no reader"), fetched(s3_settings, stored):
        pass


def test_an_object_that_went_away_is_told_and_worth_another_look(
    put: Callable[..., None], s3_settings: Settings, endpoint: str, bucket: str
) -> None:
    put("from/vendors/observations/a.csv")
    [stored] = deliveries_of(OBSERVATIONS, s3_settings)
    client_of(endpoint).delete_object(Bucket=bucket, Key=stored.key)
    with pytest.raises(BucketError, match="not there any more") as caught, fetched(s3_settings, stored):
        pass
    assert is_transient(caught.value)
    assert list(s3_settings.spool_dir.iterdir()) == []


def test_a_disk_without_room_is_told_as_that(put: Callable[..., None], s3_settings: Settings, bucket: str) -> None:
    put(f"{'a' * 300}.csv")
    [stored] = objects_matching(s3_settings, f"s3://{bucket}/aa*")
    with (
        pytest.raises(FeedError, match=r"it cannot be kept: .*File name too long") as caught,
        fetched(s3_settings, stored),
    ):
        pass
    assert not isinstance(caught.value, BucketError)


def test_a_bucket_that_there_is_none_of_is_told(s3_settings: Settings) -> None:
    settings = s3_settings.model_copy(update={"touchstone_drop_url": "s3://nowhere/x"})
    with pytest.raises(
        BucketError, match=r"s3://nowhere/x/observations/: there is no such bucket. .*TOUCHSTONE_DROP_URL"
    ) as caught:
        deliveries_of(OBSERVATIONS, settings)
    assert not is_transient(caught.value)


@pytest.fixture
def strict(endpoint: str, bucket: str) -> Iterator[None]:
    """The server looks at logins meanwhile, and knows none; the bucket is there already."""
    look_at_logins_after(endpoint, 0)
    yield
    look_at_logins_after(endpoint, float("inf"))


def look_at_logins_after(endpoint: str, requests: float) -> None:
    asked = urllib.request.Request(
        f"{endpoint}/moto-api/reset-auth", str(requests).encode(), {"Content-Type": "text/plain"}
    )
    urllib.request.urlopen(asked).close()


@pytest.mark.usefixtures("strict")
def test_a_wrong_login_is_told_without_its_secret(s3_settings: Settings) -> None:
    said = r"may not read it \(InvalidAccessKeyId\)\. Check TOUCHSTONE_S3_ACCESS_KEY_ID"
    with pytest.raises(BucketError, match=said) as caught:
        deliveries_of(OBSERVATIONS, s3_settings)
    assert not is_transient(caught.value)
    assert "somebody" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_no_login_at_all_is_told(s3_settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": str(tmp_path / "none")}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    nobody = {
        "touchstone_s3_access_key_id": None,
        "touchstone_s3_secret_access_key": Settings().touchstone_s3_secret_access_key,
    }
    with pytest.raises(BucketError, match=r"there is no login for it\. Set TOUCHSTONE_S3_ACCESS_KEY_ID"):
        deliveries_of(OBSERVATIONS, s3_settings.model_copy(update=nobody))


def test_a_server_that_nobody_answers_for_is_told_and_worth_another_try(s3_settings: Settings) -> None:
    settings = s3_settings.model_copy(update={"touchstone_s3_endpoint": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(BucketError, match=r"cannot be reached: .*Check TOUCHSTONE_S3_ENDPOINT") as caught:
        deliveries_of(OBSERVATIONS, settings)
    assert is_transient(caught.value)


def test_a_download_that_breaks_off_is_told_and_leaves_nothing(s3_settings: Settings, bucket: str) -> None:
    """A server that promises more than it sends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while True:
                connection, _ = listening.accept()
                with connection:
                    if connection.recv(65536) == b"end":
                        return
                    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: "x"\r\n\r\n' + CONTENT)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        port = listening.getsockname()[1]
        settings = s3_settings.model_copy(update={"touchstone_s3_endpoint": f"http://127.0.0.1:{port}"})
        stored = StoredObject(bucket, "a.csv", "x", 1000, None)  # type: ignore[arg-type]
        with pytest.raises(BucketError, match="cannot be reached") as caught, fetched(settings, stored):
            pass
        with socket.create_connection(("127.0.0.1", port)) as last:
            last.sendall(b"end")
        thread.join()
    assert is_transient(caught.value)
    assert list(settings.spool_dir.iterdir()) == []


def test_an_endpoint_that_is_none_is_told(s3_settings: Settings) -> None:
    settings = s3_settings.model_copy(update={"touchstone_s3_endpoint": "http://"})
    with pytest.raises(BucketError, match=r"TOUCHSTONE_S3_"):
        deliveries_of(OBSERVATIONS, settings)


@pytest.mark.parametrize("url", ["bucket/prefix", "s3://", "s3:///prefix", "https://bucket"])
def test_an_address_that_is_none_of_a_bucket_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TOUCHSTONE_DROP_URL", url)
    get_settings.cache_clear()
    with pytest.raises(SettingsError, match="TOUCHSTONE_DROP_URL"):
        get_settings()
    get_settings.cache_clear()


def test_names_that_say_half_hidden_or_marker_are_no_deliveries() -> None:
    assert not [name for name in HALF if is_delivery(PurePosixPath(name), 1)]
    for name in ("a.csv", "part-00000.csv", "2026.01/b.tsv.zst", "x_y.jsonl", "a.parted.csv"):
        assert is_delivery(PurePosixPath(name), 1)
        assert not is_delivery(PurePosixPath(name), 0)


@given(st.text(max_size=20), st.integers(0, 3))
def test_what_is_a_delivery_is_readable(name: str, size: int) -> None:
    path = PurePosixPath(name)
    assert not is_delivery(path, size) or (size > 0 and is_readable(path))
