"""A bucket of S3, or of anything that speaks its protocol, in which feed files arrive: listing it, fetching objects.

An object is there whole or not at all: uploads in parts are not listed before they are completed. What is not there to
be loaded, markers and names that say half, is told by the rules of the drop folder (`sources.is_delivery`).
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as S3ConnectionError

from orchestrator.exceptions import BucketError, FeedError, FeedFileError
from orchestrator.feeds.deliveries import in_words
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.sources import BUCKET_SCHEME, Source, fetched_source, is_delivery
from orchestrator.feeds.spool import own_folder
from orchestrator.settings import Settings

_MAGIC: Final = "*?["
_COPIED_BYTES: Final = 1 << 20
_CONFIG: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "read_timeout": 60,
    "retries": {"mode": "standard", "total_max_attempts": 3},
}
_LOGIN: Final = "TOUCHSTONE_S3_ACCESS_KEY_ID and TOUCHSTONE_S3_SECRET_ACCESS_KEY"
_FORBIDDEN: Final = 403
_SERVER_ERROR: Final = 500
_ELSEWHERE: Final = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
# another try can help; an object that went away meanwhile is no longer listed then
_PASSING: Final = {"SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "RequestTimeout", "NoSuchKey"}
_PASSING_ERRORS: Final = (S3ConnectionError, HTTPClientError, IncompleteReadError)


@dataclass(frozen=True)
class StoredObject:
    """An object of a bucket as it was listed.

    Attributes:
        bucket, key: where it is.
        etag: of its content, as the bucket tells it.
        size: in bytes.
        modified_at: when it was put there; of an upload in parts when that began. In UTC.
    """

    bucket: str
    key: str
    etag: str
    size: int
    modified_at: datetime

    @property
    def url(self) -> str:
        """Its address, by which the audit trail calls it."""
        return f"{BUCKET_SCHEME}{self.bucket}/{self.key}"

    @property
    def version(self) -> str:
        """Which content of the object this is, for the audit trail."""
        return version_of(self.etag, self.size)


def version_of(etag: str, size: int) -> str:
    """A content of an object in words that tell it from others."""
    return f"ETag {etag}, {size} bytes"


def deliveries_of(feed: Feed, settings: Settings) -> list[StoredObject]:
    """The feed's deliveries below TOUCHSTONE_DROP_URL, `s3://bucket/prefix/<feed>/`, the oldest first; none without it.

    Raises:
        BucketError: the bucket cannot be listed.
    """
    if not settings.touchstone_drop_url:
        return []
    bucket, prefix = _parts_of(settings.touchstone_drop_url)
    folder = f"{prefix.strip('/')}/{feed.name}/".lstrip("/")
    listed = _listed(settings, bucket, folder)
    whole = (stored for stored in listed if is_delivery(PurePosixPath(stored.key.removeprefix(folder)), stored.size))
    return sorted(whole, key=lambda stored: (stored.modified_at, stored.key))


def objects_matching(settings: Settings, pattern: str) -> list[StoredObject]:
    """The objects that a pattern names, by key.

    Args:
        settings: endpoint and login.
        pattern: `s3://bucket/key`, in which `*`, `?` and `[...]` stand for letters and `**` for folders in folders.

    Raises:
        FeedFileError: it names no object.
        BucketError: the bucket cannot be listed.
    """
    bucket, key = _parts_of(pattern)
    literal = key[: next((place for place, letter in enumerate(key) if letter in _MAGIC), len(key))]
    wanted = key.split("/")
    listed = _listed(settings, bucket, literal)
    found = [stored for stored in listed if stored.key == key or _fits(stored.key.split("/"), wanted)]
    if not found:
        raise FeedFileError(
            f"{pattern}: there is no such object.", "Check the name; of a folder name s3://.../folder/*."
        )
    return found


@contextmanager
def fetched(settings: Settings, stored: StoredObject, file_format: str | None = None) -> Iterator[Source]:
    """The object as a source, kept in the spool as long as it is needed.

    Args:
        settings: endpoint, login and spool.
        stored: what to fetch; where it was replaced meanwhile, what is there now.
        file_format: as for `source_of`.

    Raises:
        FeedFileError: no reader is there for it.
        BucketError: it cannot be fetched.
        FeedError: it cannot be kept.
    """
    with own_folder(settings.spool_dir) as folder:
        path = folder / PurePosixPath(stored.key).name
        fetched_source(stored.url, path, stored.version, file_format)
        version = _fetch(settings, stored, path)
        yield fetched_source(stored.url, path, version, file_format)


def _fetch(settings: Settings, stored: StoredObject, path: Path) -> str:
    """Copy the object's content to a file; gives the version that it is."""
    try:
        with _told(stored.url), path.open("wb") as file:
            answer = _client(settings).get_object(Bucket=stored.bucket, Key=stored.key)
            with closing(answer["Body"]) as body:
                for block in body.iter_chunks(_COPIED_BYTES):
                    file.write(block)
        return version_of(_etag(answer), int(answer["ContentLength"]))
    except OSError as error:
        raise FeedError(f"{stored.url}: it cannot be kept: {in_words(error)}.", "Make room on the disk.") from error


def _listed(settings: Settings, bucket: str, prefix: str) -> Iterator[StoredObject]:
    """Every object whose key begins with the prefix, by key; a request for each thousand of them."""
    with _told(f"{BUCKET_SCHEME}{bucket}/{prefix}"):
        pages = _client(settings).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", ()):
                modified_at = entry["LastModified"].astimezone(UTC)
                yield StoredObject(bucket, entry["Key"], _etag(entry), int(entry["Size"]), modified_at)


def _etag(entry: dict[str, Any]) -> str:
    return str(entry.get("ETag", "")).strip('"')


def _parts_of(url: str) -> tuple[str, str]:
    """Bucket and key."""
    bucket, _, key = url.removeprefix(BUCKET_SCHEME).partition("/")
    if not bucket:
        raise FeedFileError(f"{url}: this names no bucket.", "Give s3://bucket/key.")
    return bucket, key


def _fits(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    if not wanted:
        return not parts
    first, *rest = wanted
    if first == "**":
        return any(_fits(parts[skipped:], rest) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], first) and _fits(parts[1:], rest)


def _client(settings: Settings) -> Any:  # noqa: ANN401 made by botocore from its data
    return _client_of(
        settings.touchstone_s3_endpoint,
        settings.touchstone_s3_region,
        settings.touchstone_s3_access_key_id,
        settings.touchstone_s3_secret_access_key.get_secret_value() or None,
    )


# making one takes a fifth of a second; threads may share it
@lru_cache(maxsize=4)
def _client_of(endpoint: str | None, region: str | None, key_id: str | None, secret: str | None) -> Any:  # noqa: ANN401
    """What is None the AWS library finds out as usual: AWS_* variables, profile, machine's role."""
    if endpoint and "://" not in endpoint:
        endpoint = f"https://{endpoint}"
    config = Config(**_CONFIG, s3={"addressing_style": "path"} if endpoint else {})
    with _told(endpoint or BUCKET_SCHEME):
        return botocore.session.get_session().create_client(
            "s3",
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=config,
        )


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Failures of the bucket are errors of the house; one that may be gone a moment later has a cause that says so."""
    try:
        yield
    except ClientError as error:
        raise _refusal(url, error) from (ConnectionError(str(error)) if _is_passing(error) else error)
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise BucketError(f"{url}: there is no login for it.", f"Set {_LOGIN}, or AWS_*.") from error
    except _PASSING_ERRORS as error:
        remedy = "Check TOUCHSTONE_S3_ENDPOINT and the network."
        raise BucketError(f"{url} cannot be reached: {in_words(error)}.", remedy) from ConnectionError(str(error))
    except (BotoCoreError, ValueError) as error:
        remedy = "Check TOUCHSTONE_DROP_URL and TOUCHSTONE_S3_*."
        raise BucketError(f"{url} cannot be read: {in_words(error)}.", remedy) from error


def _refusal(url: str, error: ClientError) -> BucketError:
    code = error.response["Error"].get("Code", "")
    if code == "NoSuchBucket":
        return BucketError(f"{url}: there is no such bucket.", "Create it, or mend TOUCHSTONE_DROP_URL.")
    if code == "NoSuchKey":
        return BucketError(f"{url}: the object is not there any more.", "List the bucket again.")
    if code in _ELSEWHERE:
        return BucketError(f"{url}: the bucket is in another region.", "Set TOUCHSTONE_S3_REGION.")
    if _status(error) == _FORBIDDEN:
        return BucketError(f"{url}: this login may not read it ({code}).", f"Check {_LOGIN}, and the bucket's policy.")
    return BucketError(f"{url} cannot be read: {in_words(error)}.", "Check TOUCHSTONE_DROP_URL and TOUCHSTONE_S3_*.")


def _is_passing(error: ClientError) -> bool:
    return error.response["Error"].get("Code", "") in _PASSING or _status(error) >= _SERVER_ERROR


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
