# SPDX-License-Identifier: Apache-2.0
"""Repositories of the Hugging Face Hub at one commit, read by ranges.

Everything that the library's users set counts, because the library reads it: token
(``HF_TOKEN`` or the login), ``HF_ENDPOINT``, ``HF_HOME`` and ``HF_HUB_CACHE``,
``HF_HUB_OFFLINE``, proxies, and a client factory of one's own. Files that are in its
cache are read there. Nothing is written to the cache, so it may be read-only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from parentage.artifact.entry import shown
from parentage.artifact.source.answers import BUSY, Resource, offline, origin, trouble
from parentage.artifact.source.base import File
from parentage.artifact.source.client import hub_client, hub_headers, transport_error
from parentage.artifact.source.http import Service
from parentage.artifact.source.local import LocalFile
from parentage.artifact.source.place import Location, RemotePath
from parentage.artifact.source.ranges import kept
from parentage.artifact.source.remote import RemoteFile
from parentage.artifact.source.retry import Again, Policy, persist, retry_after
from parentage.errors import (
    AccessError,
    NotThereError,
    ProtocolError,
    SourceError,
    UnreachableError,
)

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
LOG_IN: Final = (
    "Accept the model's terms on its page, then log in with `hf auth login` or set "
    "HF_TOKEN."
)


@dataclass(frozen=True)
class _Blob:
    size: int | None
    sha256: str | None


class HubFolder:
    """A repository at one commit; see :class:`~.place.RemoteFolder`.

    Args:
        repo: ``org/name``.
        commit: the 40 hexadecimal digits.
        files: size and digest of each file, as the Hub lists them.
    """

    def __init__(self, repo: str, commit: str, files: dict[str, _Blob]) -> None:
        from huggingface_hub import constants  # noqa: PLC0415 - slow to import

        self.repo = repo
        self.commit = commit
        self.address = f"hf://{repo}@{commit}"
        self._files = files
        self._service = Service(
            hub_client, hub_headers, origin(constants.ENDPOINT), LOG_IN, policy()
        )

    def names(self) -> Iterable[str]:
        """Paths of its files."""
        return self._files

    def size(self, name: str) -> int | None:
        """Length of a file in bytes, or ``None`` if it is not there."""
        blob = self._files.get(name)
        if blob is None:
            return None
        if blob.size is None:
            found = self._service.probe(self._url(name), name)
            if found is None:
                return None
            self._files[name] = blob = _Blob(found.size, blob.sha256)
        return blob.size

    def expect(self, names: Sequence[str]) -> None:
        """Nothing: the listing said everything."""

    def open(self, name: str, label: str) -> File:
        """Open a file that is there, in the cache if it is in it."""
        size = self.size(name) or 0
        cached = self._cached(name)
        if cached is not None and cached.stat().st_size == size:
            return LocalFile(cached, name=label)
        stated = self._files[name].sha256
        resource = Resource(self._url(name), label, size, stated)
        fetch = kept(
            lambda begin, end: self._service.fetch(resource, begin, end),
            f"{self._service.origin}/{self.repo}@{self.commit}/{name}#{size}",
            note=self.address,
        )
        return RemoteFile(label, size, fetch, sha256=stated)

    def close(self) -> None:
        """Nothing: the client is the library's own."""

    def _url(self, name: str) -> str:
        from huggingface_hub import hf_hub_url  # noqa: PLC0415 - slow to import

        return hf_hub_url(self.repo, name, revision=self.commit)

    def _cached(self, name: str) -> Path | None:
        from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415

        found = try_to_load_from_cache(self.repo, name, revision=self.commit)
        return Path(found) if isinstance(found, str) else None


def policy() -> Policy:
    """Attempts and pauses, as the environment says."""
    return Policy.from_environment()


def open_hub(repo: str, revision: str | None, inner: str) -> Location:
    """The place of a repository, or of a folder or file in it, at a commit.

    Args:
        repo: ``org/name``.
        revision: branch, tag or commit; the main branch by default.
        inner: path in it, empty for all of it.

    Raises:
        NotThereError: no such repository, revision or file.
        AccessError: it is private or gated, or the token is not valid.
        OfflineError: the network is switched off, and nothing is in the cache.
        UnreachableError: the Hub cannot be reached.
    """
    from huggingface_hub import constants  # noqa: PLC0415 - slow to import

    title = f"{repo}@{revision}" if revision else repo
    if constants.is_offline_mode():
        return _snapshot(repo, revision or "main", inner, title)
    info = persist(lambda: _info(repo, revision, title), policy())
    commit = str(info.sha or "")
    if not _COMMIT.fullmatch(commit):
        raise ProtocolError(
            f"the Hub names the commit '{shown(commit)}'",
            file=title,
            expected="40 hexadecimal digits",
            advice="Check HF_ENDPOINT.",
        )
    files = {
        item.rfilename: _Blob(
            item.lfs.size if item.lfs else item.size,
            _digest(item.lfs.sha256) if item.lfs else None,
        )
        for item in info.siblings or ()
    }
    found = RemotePath(HubFolder(repo, commit, files), inner)
    if not found.exists():
        raise NotThereError(
            f"has no '{shown(inner)}'",
            file=str(found.folder.address),
            expected="a file or folder of the repository",
            advice="Check the spelling on the model's page.",
        )
    return found


def _digest(text: str | None) -> str | None:
    """A SHA-256 of the listing, or ``None`` if it is none."""
    return text if text and _SHA256.fullmatch(text) else None


def _info(repo: str, revision: str | None, title: str) -> ModelInfo:
    from huggingface_hub import HfApi  # noqa: PLC0415 - slow to import

    try:
        return HfApi(library_name="parentage").model_info(
            repo, revision=revision, files_metadata=True, timeout=policy().timeout
        )
    except transport_error() as error:
        words = shown(" ".join(str(error).split()) or type(error).__name__)
        final = UnreachableError(
            f"no connection to the Hub: {words}",
            file=title,
            expected="an answer from the Hub",
            advice="Check the network, proxy and HF_ENDPOINT; HF_HUB_OFFLINE=1 reads "
            "what is in the cache.",
        )
        raise Again(final, first=type(error).__name__ == "ConnectError") from error
    except Exception as error:
        raise _ours(error, title) from error


_NO_REPOSITORY: Final = (
    NotThereError,
    "is no repository of the Hub, or a private one, and no path on this machine",
    "org/name of a model, or a path that exists",
    "Check the spelling. A private model needs `hf auth login` or HF_TOKEN.",
)
_KINDS: Final[dict[str, tuple[type[SourceError], str, str, str]]] = {
    "GatedRepoError": (
        AccessError,
        "is gated, and this account has no access",
        "permission to read it",
        LOG_IN,
    ),
    "RevisionNotFoundError": (
        NotThereError,
        "has no such revision",
        "a branch, a tag or a commit",
        "See the list of branches and tags on the model's page.",
    ),
    "RepositoryNotFoundError": _NO_REPOSITORY,
    "HFValidationError": _NO_REPOSITORY,
}
"""Errors of the library: of which kind they are, what is wrong, what to do."""


def _ours(error: Exception, title: str) -> Exception:
    """An error of the library as one of ours."""
    names = [kind.__name__ for kind in type(error).__mro__]
    if "OfflineModeIsEnabled" in names:
        return offline(title)
    for name in names:
        if name in _KINDS:
            kind, message, expected, advice = _KINDS[name]
            return kind(message, file=title, expected=expected, advice=advice)
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", 0)
    wanted = "a description of the repository"
    if status in {401, 403}:
        message = f"access is refused: the Hub answers {status}"
        return AccessError(message, file=title, expected=wanted, advice=LOG_IN)
    if response is None:
        message = f"the Hub's answer makes no sense ({type(error).__name__})"
        return UnreachableError(
            message, file=title, expected=wanted, advice="Check HF_ENDPOINT."
        )
    wait = retry_after(response.headers.get("retry-after"))
    asks = f" and asks to wait {wait:.0f} s" if wait else ""
    message = f"the Hub answers {status}{asks}"
    final = UnreachableError(
        message, file=title, expected=wanted, advice=trouble(status)
    )
    return Again(final, wait=wait) if status in BUSY else final


def _snapshot(repo: str, revision: str, inner: str, title: str) -> Path:
    """The folder of a repository in the cache, where the network is off."""
    from huggingface_hub import constants  # noqa: PLC0415 - slow to import
    from huggingface_hub.file_download import repo_folder_name  # noqa: PLC0415

    cache = Path(constants.HF_HUB_CACHE)
    folder = cache / repo_folder_name(repo_id=repo, repo_type="model")
    commit = revision
    if not _COMMIT.fullmatch(revision):
        try:
            commit = (folder / "refs" / revision).read_text().strip()
        except (OSError, ValueError) as error:
            raise offline(title) from error
    if not _COMMIT.fullmatch(commit):
        raise offline(title)
    found = folder / "snapshots" / commit / inner
    if ".." in Path(inner).parts or not found.exists():
        raise offline(title)
    return found
