"""Where exports go: a folder or a bucket of S3. A file is written aside and put in place whole: nobody reads half."""

import os
import secrets
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import pyarrow.fs as pafs

from orchestrator.exceptions import ExportTargetError
from orchestrator.settings import Settings

_PARTIAL: Final = ".partial"
_S3_CONNECT_SECONDS: Final = 5
_S3_REQUEST_SECONDS: Final = 60
_S3_ATTEMPTS: Final = 3
_COPIED_BYTES: Final = 1024 * 1024
# what the AWS library says when nobody answered; another try can help
_NETWORK_FAULTS: Final = ("NETWORK_CONNECTION", "curlCode", "SLOW_DOWN", "SERVICE_UNAVAILABLE", "REQUEST_TIMEOUT")


class Target(ABC):
    """A place for exports. Paths are relative to it and have slashes.

    Attributes:
        url: of the place, without a slash at its end.
    """

    def __init__(self, url: str, aside: Path) -> None:
        self.url = url
        self._aside = aside

    @contextmanager
    def aside(self) -> Iterator[Path]:
        """The name of a local file to write, to be given to `put`; gone at the end where it was not."""
        with _told(self.url):
            self._aside.mkdir(parents=True, exist_ok=True)
        path = self._aside / secrets.token_hex(8)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def put_bytes(self, relative: str, content: bytes) -> None:
        """Put a small file in place whole."""
        with self.aside() as path, _told(self.url):
            path.write_bytes(content)
            self.put(relative, path)

    def url_of(self, relative: str) -> str:
        """The URL of a file."""
        return f"{self.url}/{relative}"

    @abstractmethod
    def put(self, relative: str, path: Path) -> None:
        """Put a file that was written aside in place whole, over the one that is there.

        Raises:
            ExportTargetError: it cannot be written; the file that was there is as before.
        """

    @abstractmethod
    def read(self, relative: str) -> bytes | None:
        """Content of a small file; None when there is none."""

    @abstractmethod
    def sizes(self, relatives: Sequence[str]) -> Mapping[str, int]:
        """Bytes of those of the files that are there."""

    @abstractmethod
    def remove(self, relative: str) -> None:
        """Remove a file, whether it is there or not."""


class FolderTarget(Target):
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"file://{folder}", folder / _PARTIAL)
        self.folder = folder
        with _told(self.url):
            folder.mkdir(parents=True, exist_ok=True)

    def put(self, relative: str, path: Path) -> None:
        """See Target."""
        final = self.folder / relative
        with _told(self.url):
            with path.open("rb") as written:
                os.fsync(written.fileno())
            final.parent.mkdir(parents=True, exist_ok=True)
            path.replace(final)

    def read(self, relative: str) -> bytes | None:
        """See Target."""
        path = self.folder / relative
        with _told(self.url):
            return path.read_bytes() if path.exists() else None

    def sizes(self, relatives: Sequence[str]) -> Mapping[str, int]:
        """See Target."""
        paths = {relative: self.folder / relative for relative in relatives}
        return {relative: path.stat().st_size for relative, path in paths.items() if path.is_file()}

    def remove(self, relative: str) -> None:
        """See Target; a folder that this empties goes as well."""
        path = self.folder / relative
        with _told(self.url):
            path.unlink(missing_ok=True)
            if path.parent.is_dir() and not any(path.parent.iterdir()):
                path.parent.rmdir()


class BucketTarget(Target):
    """A prefix in a bucket of S3, or of anything that speaks its protocol.

    Arrow completes an upload also where it broke off, as it closes what it drops. So a file is uploaded under another
    key first, and the bucket itself copies it to its own, which is whole or not at all.
    """

    def __init__(self, settings: Settings, bucket: str, prefix: str) -> None:
        self._root = f"{bucket}/{prefix}".rstrip("/")
        super().__init__(f"s3://{self._root}", settings.spool_dir / "exports")
        with _told(self.url):
            self._files = _s3(settings)
            kind = self._files.get_file_info(bucket).type
        if kind == pafs.FileType.NotFound:
            raise ExportTargetError(f"{self.url}: there is no bucket {bucket}.", "Create it, or name another one.")

    def put(self, relative: str, path: Path) -> None:
        """See Target."""
        uploaded = f"{self._root}/{_PARTIAL}/{path.name}"
        with _told(self.url):
            with path.open("rb") as source, self._files.open_output_stream(uploaded) as sink:
                shutil.copyfileobj(source, sink, _COPIED_BYTES)
            self._files.move(uploaded, f"{self._root}/{relative}")

    def read(self, relative: str) -> bytes | None:
        """See Target."""
        with _told(self.url):
            try:
                with self._files.open_input_stream(f"{self._root}/{relative}") as stream:
                    return bytes(stream.read())
            except FileNotFoundError:
                return None

    def sizes(self, relatives: Sequence[str]) -> Mapping[str, int]:
        """See Target."""
        with _told(self.url):
            infos = self._files.get_file_info([f"{self._root}/{relative}" for relative in relatives])
        found = zip(relatives, infos, strict=True)
        return {relative: int(info.size) for relative, info in found if info.type == pafs.FileType.File}

    def remove(self, relative: str) -> None:
        """See Target."""
        with _told(self.url), suppress(FileNotFoundError):
            self._files.delete_file(f"{self._root}/{relative}")


def open_target(settings: Settings, url: str) -> Target:
    """The place that a URL names: `s3://bucket/prefix`, `file:///folder` or the path of a folder.

    Raises:
        ExportTargetError: it is no such URL, or it cannot be reached.
    """
    if "://" not in url:
        return FolderTarget(Path(url).expanduser().resolve())
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path.strip("/"):
        return FolderTarget(Path(unquote(parts.path)).resolve())
    if parts.scheme == "s3" and parts.netloc:
        return BucketTarget(settings, parts.netloc, parts.path.strip("/"))
    raise ExportTargetError(
        f"{url} is no place for exports.", "Give file:///folder, the path of a folder, or s3://bucket/prefix."
    )


def _s3(settings: Settings) -> pafs.S3FileSystem:
    """What the settings do not say, the AWS library finds out as usual: AWS_* variables, profile, machine's role."""
    return pafs.S3FileSystem(
        access_key=settings.touchstone_s3_access_key_id,
        secret_key=settings.touchstone_s3_secret_access_key.get_secret_value() or None,
        region=settings.touchstone_s3_region,
        endpoint_override=settings.touchstone_s3_endpoint,
        connect_timeout=_S3_CONNECT_SECONDS,
        request_timeout=_S3_REQUEST_SECONDS,
        retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=_S3_ATTEMPTS),
        allow_bucket_creation=False,
    )


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Failures of the place are errors of the house; one of the network may be gone a moment later."""
    try:
        yield
    except OSError as error:
        cause = ConnectionError(str(error)) if any(fault in str(error) for fault in _NETWORK_FAULTS) else error
        raise ExportTargetError(
            f"{url} cannot be used: {error}", "Check that it exists, that it can be reached, and who may write there."
        ) from cause
