# SPDX-License-Identifier: Apache-2.0
"""Prefixes of buckets in S3-compatible stores, through obstore (extra ``cloud``).

Region, endpoint and credentials are those that ``AWS_*`` variables, profiles or the
machine's role give; nothing of them is read here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from parentage.artifact.entry import shown
from parentage.artifact.source.base import File
from parentage.artifact.source.place import RemotePath
from parentage.artifact.source.ranges import kept
from parentage.artifact.source.remote import RemoteFile
from parentage.artifact.source.retry import Policy
from parentage.errors import (
    AccessError,
    ChangedError,
    NotThereError,
    ProtocolError,
    SourceError,
    UnreachableError,
    UsageError,
)

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Store

_MOST_FILES = 100_000


@dataclass(frozen=True)
class _Object:
    size: int
    tag: str | None


class Bucket:
    """A prefix of a bucket; see :class:`~.place.RemoteFolder`."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self.address = f"s3://{bucket}/{prefix}" if prefix else f"s3://{bucket}"
        self._prefix = f"{prefix}/" if prefix else ""
        self._store = _store(bucket)
        self._files = self._list()

    def names(self) -> Iterable[str]:
        """Paths of its objects, below the prefix."""
        return self._files

    def size(self, name: str) -> int | None:
        """Length of an object in bytes, or ``None`` if it is not there."""
        found = self._files.get(name)
        return found.size if found else None

    def expect(self, names: Sequence[str]) -> None:
        """Nothing: the listing said everything."""

    def open(self, name: str, label: str) -> File:
        """Open an object that is there."""
        found = self._files[name]
        url = f"{self.address}/{name}"
        fetch = kept(
            lambda begin, end: self._fetch(name, label, found, begin, end),
            f"s3/{url}/{found.size}/{found.tag}" if found.tag else None,
            note=url,
        )
        return RemoteFile(label, found.size, fetch)

    def close(self) -> None:
        """Nothing: the store closes its connections."""

    def _fetch(
        self, name: str, label: str, known: _Object, begin: int, end: int
    ) -> bytes:
        import obstore  # noqa: PLC0415 - an extra

        options: GetOptions = {"range": (begin, end), "if_match": known.tag}
        try:
            answer = obstore.get(self._store, self._prefix + name, options=options)
            data = bytes(answer.bytes())
        except Exception as error:
            raise _ours(error, label) from error
        meta = answer.meta
        if meta["size"] != known.size or (
            known.tag is not None and meta.get("e_tag") not in {None, known.tag}
        ):
            raise _changed(label)
        if len(data) != end - begin:
            raise ProtocolError(
                f"asked for {end - begin} bytes, the store sent {len(data)}",
                file=label,
                expected="the range of bytes that was asked for",
                advice="Download the model and name the folder.",
            )
        return data

    def _list(self) -> dict[str, _Object]:
        import obstore  # noqa: PLC0415 - an extra

        files: dict[str, _Object] = {}
        try:
            for batch in obstore.list(self._store, prefix=self._prefix or None):
                for item in batch:
                    name = str(item["path"]).removeprefix(self._prefix)
                    files[name] = _Object(int(item["size"]), item.get("e_tag"))
                if len(files) > _MOST_FILES:
                    raise UsageError(
                        f"{shown(self.address)} holds more than {_MOST_FILES} objects",
                        expected="a prefix with one model",
                        advice="Name the model's own prefix.",
                    )
        except UsageError:
            raise
        except Exception as error:
            raise _ours(error, self.address) from error
        return files


def _store(bucket: str) -> S3Store:
    try:
        from obstore.store import S3Store  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise UsageError(
            "s3:// needs the extra 'cloud', which is not installed",
            advice="pip install 'parentage[cloud]'",
        ) from error
    policy = Policy.from_environment()
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get(
        "AWS_ENDPOINT_URL", ""
    )
    try:
        return S3Store(
            bucket,
            client_options={
                "timeout": timedelta(seconds=policy.timeout),
                "allow_http": endpoint.startswith("http://"),
            },
            retry_config={
                "max_retries": policy.attempts - 1,
                "backoff": {
                    "init_backoff": timedelta(seconds=policy.backoff),
                    "max_backoff": timedelta(seconds=policy.longest),
                    "base": 2,
                },
            },
        )
    except Exception as error:
        raise _ours(error, f"s3://{bucket}") from error


def _ours(error: Exception, label: str) -> SourceError:
    """An error of the store as one of ours; its text holds no credentials."""
    kind = type(error).__name__
    words = shown(" ".join(str(error).split()))
    if kind in {"PreconditionError", "NotModifiedError"}:
        return _changed(label)
    text = str(error)
    missing = "NoSuchBucket" in text or "NoSuchKey" in text
    if missing or isinstance(error, FileNotFoundError) or kind == "NotFoundError":
        return NotThereError(
            f"is not there ({words})",
            file=label,
            expected="a bucket and an object that exist",
            advice="Check bucket, prefix and endpoint (AWS_ENDPOINT_URL).",
        )
    refused = ("PermissionDeniedError", "UnauthenticatedError", "PermissionError")
    if kind in refused or "AccessDenied" in text or "403 Forbidden" in text:
        return AccessError(
            f"access is refused ({words})",
            file=label,
            expected="permission to list and read it",
            advice="Check the credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID).",
        )
    return UnreachableError(
        f"the store gives no answer ({words})",
        file=label,
        expected="an answer from the store",
        advice="Check the endpoint (AWS_ENDPOINT_URL), region and network.",
    )


def _changed(label: str) -> ChangedError:
    return ChangedError(
        "changed since it was listed",
        file=label,
        expected="one version of the object from first to last byte",
        advice="Try again; the object in the store is another one by now.",
    )


def open_bucket(bucket: str, inner: str) -> RemotePath:
    """The place of a prefix or of one object.

    Raises:
        UsageError: obstore is not installed.
        NotThereError: nothing begins with that prefix.
        SourceError: the store refuses or cannot be reached.
    """
    prefix = inner.strip("/")
    folder = Bucket(bucket, prefix)
    if any(True for _ in folder.names()):
        return RemotePath(folder)
    above, _, name = prefix.rpartition("/")
    if name:
        around = Bucket(bucket, above)
        if around.size(name) is not None:
            return RemotePath(around, name)
    raise NotThereError(
        "holds nothing",
        file=shown(folder.address),
        expected="a prefix with a model's files, or one file",
        advice="Check bucket, prefix and endpoint (AWS_ENDPOINT_URL).",
    )
