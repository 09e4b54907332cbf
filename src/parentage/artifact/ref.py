# SPDX-License-Identifier: Apache-2.0
"""What a model reference may be, and which reading a text gets.

====================================  ==========================================
``path/to/model``                     a folder or a file on this machine
``org/name``, ``org/name@revision``   a repository of the Hugging Face Hub
``hf://org/name@revision/path``       the same, with a folder or a file inside it
``https://huggingface.co/org/name``   the same, as copied from a browser
``https://host/folder/``, ``…/file``  a folder or a file on a web server
``s3://bucket/prefix``                a folder or a file in an S3-compatible store
``BASE+ADAPTER``                      two of these, read as the merged model
====================================  ==========================================

A text is a local path only if it exists **and** holds ``/`` or ``.``: ``gpt2`` is a
repository even in a folder that has a ``gpt2``, which is written ``./gpt2``. A text
that has the form of no reference at all is a local path that does not exist.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from parentage.artifact.entry import shown
from parentage.errors import UsageError

Kind = Literal["local", "hub", "web", "s3", "merged"]

_ID: Final = r"[A-Za-z0-9](?:[\w.-]{0,94}\w)?"
_REPO: Final = rf"{_ID}(?:/{_ID})?"
_REVISION: Final = r"refs/(?:pr/\d+|convert/[\w.-]+)|[^/@+\s]+"
_SHORT: Final = re.compile(rf"({_REPO})(?:@((?:{_REVISION})))?", re.ASCII)
_URI: Final = re.compile(
    rf"hf://(models/)?({_ID}/{_ID})(?:@({_REVISION}))?(/.*)?", re.ASCII | re.DOTALL
)
_PAGE: Final = re.compile(
    rf"/({_ID}/{_ID})(?:/(tree|blob|resolve|raw)/({_REVISION})(/.*)?)?", re.ASCII
)
_OTHER_TYPES: Final = ("datasets/", "spaces/", "kernels/", "buckets/")
_BUCKET: Final = re.compile(r"s3://([^/\s]+)(/.*)?", re.DOTALL)
_FILES: Final = (
    *(".safetensors", ".gguf", ".onnx", ".bin", ".pt", ".pth", ".ckpt", ".json"),
    *(".model", ".txt", ".tiktoken", ".gz"),
)
"""Ends of names that are files, not repositories: a mistyped path is not looked up."""
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HUB: Final = ("https://huggingface.co", "https://hf.co")
_UNSAFE: Final = "A password or signature in an address would end up in reports."


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Where a model lies, as it was written; ``str`` gives the same text back.

    Attributes:
        kind: which reading the text got.
        place: the path, ``org/name``, the address or the bucket.
        revision: branch, tag or commit of a repository, ``None`` if left out.
        inner: what follows: a path in the repository or bucket, with its ``/``.
        form: text around it in which forms of one kind differ.
        parts: base and adapter of a merged model.
    """

    kind: Kind
    place: str
    revision: str | None = None
    inner: str = ""
    form: tuple[str, str] = ("", "")
    parts: tuple[ModelRef, ...] = ()

    @classmethod
    def parse(cls, text: str | Path | ModelRef) -> ModelRef:
        """The reading of a text; a :class:`~pathlib.Path` is always local.

        Raises:
            UsageError: it has a scheme that is not known, or one that is known and a
                form that is not.
        """
        if isinstance(text, ModelRef):
            return text
        if isinstance(text, Path) or _is_local(text):
            return cls("local", str(text))
        return _remote(text) or _merged(text) or cls("local", text)

    def __str__(self) -> str:
        front, view = self.form
        revision = "" if self.revision is None else self.revision
        match self.kind:
            case "hub" if view:
                # "page": the front page of a repository; else the kind of view.
                middle = "" if view == "page" else f"/{view}/{revision}"
                return f"{front}/{self.place}{middle}{self.inner}"
            case "hub":
                at = "" if self.revision is None else f"@{revision}"
                return f"{front}{self.place}{at}{self.inner}"
            case "s3":
                return f"s3://{self.place}{self.inner}"
            case "merged":
                return "+".join(str(part) for part in self.parts)
        return self.place

    @property
    def remote(self) -> bool:
        """Whether any of it lies elsewhere."""
        if self.parts:
            return any(part.remote for part in self.parts)
        return self.kind != "local"

    @property
    def path(self) -> str:
        """Path inside the repository or bucket, decoded, without outer slashes."""
        inner = self.inner.split("?", 1)[0].split("#", 1)[0].strip("/")
        return unquote(inner) if self.form[1] else inner

    @property
    def decoded_revision(self) -> str | None:
        """Branch, tag or commit, as the Hub knows it."""
        return None if self.revision is None else unquote(self.revision)

    @property
    def label(self) -> str:
        """A short name for reports."""
        match self.kind:
            case "merged":
                return "+".join(part.label for part in self.parts)
            case "hub" | "s3":
                return PurePosixPath(self.path or self.place).name
            case "web":
                parts = urlsplit(self.place)
                return unquote(PurePosixPath(parts.path).name) or parts.netloc
        path = Path(self.place)
        return path.name or path.resolve().name


def _is_local(text: str) -> bool:
    if "\0" in text or not ("/" in text or "." in text) or _SCHEME.match(text):
        return False
    try:
        return Path(text).exists()
    except OSError:
        return False


def _remote(text: str) -> ModelRef | None:
    """The reference that a text is, if it is one of a known form."""
    short = _SHORT.fullmatch(text)
    odd = ".." in text or "--" in text or text.lower().endswith(_FILES)
    if short is not None and not odd:
        return ModelRef("hub", short[1], short[2])
    scheme = _SCHEME.match(text)
    if scheme is None or _two_addresses(text):
        return None
    match scheme[0].lower():
        case "hf://":
            return _of_uri(text)
        case "s3://":
            bucket = _BUCKET.fullmatch(text)
            if bucket is None or "@" in bucket[1]:
                raise _malformed(text, "s3://bucket/prefix")
            return ModelRef("s3", bucket[1], inner=bucket[2] or "")
        case "http://" | "https://":
            return _of_address(text)
    raise _malformed(text, "a path, org/name, hf://, https:// or s3://")


def _of_uri(text: str) -> ModelRef | None:
    found = _URI.fullmatch(text)
    if found is None or text[5:].startswith(_OTHER_TYPES):
        raise _malformed(text, "hf://org/name@revision/path, a model repository")
    front = f"hf://{found[1] or ''}"
    return ModelRef("hub", found[2], found[3], found[4] or "", (front, ""))


def hub_addresses() -> tuple[str, ...]:
    """Where repositories are shown: the Hub, and ``HF_ENDPOINT`` if it is set."""
    own = os.environ.get("HF_ENDPOINT", "").rstrip("/")
    return (own, *_HUB) if own else _HUB


def _of_address(text: str) -> ModelRef:
    try:
        parts = urlsplit(text)
        secret = parts.username is not None or parts.password is not None
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise _malformed(text, "an address such as https://host/folder/") from error
    if secret:
        safe = f"{parts.scheme}://{host}{parts.path}"
        raise _malformed(safe, "an address without user and password", _UNSAFE)
    if not host:
        raise _malformed(text, "an address such as https://host/folder/")
    for front in hub_addresses():
        if text == front or text.startswith(f"{front}/"):
            return _of_page(text, front)
    if parts.query or parts.fragment:
        safe = f"{parts.scheme}://{parts.netloc}{parts.path}"
        raise _malformed(safe, "an address without '?' and '#'", _UNSAFE)
    return ModelRef("web", text)


def _of_page(text: str, front: str) -> ModelRef:
    rest = text[len(front) :]
    path, mark, query = rest.partition("?")
    page = _PAGE.fullmatch(path.rstrip("/") or path)
    if page is None or rest[1:].startswith(_OTHER_TYPES):
        expected = f"{front}/org/name, or a file or folder of it (tree, blob, resolve)"
        raise _malformed(text, expected)
    repo, view, revision, inner = page.groups()
    slash = path[len(path.rstrip("/")) :]
    tail = f"{inner or ''}{slash}{mark}{query}"
    return ModelRef("hub", repo, revision, tail, (front, view or "page"))


def _two_addresses(text: str) -> bool:
    """Whether another reference with a scheme follows a plus sign."""
    return re.search(r"\+[A-Za-z][A-Za-z0-9.-]*://", text) is not None


def _merged(text: str) -> ModelRef | None:
    """The reading as ``BASE+ADAPTER``, at the first plus sign that allows it."""
    if "\0" in text:
        return None
    for place in (n for n, sign in enumerate(text) if sign == "+"):
        base, adapter = _side(text[:place]), _side(text[place + 1 :])
        if base is not None and adapter is not None:
            return ModelRef("merged", "", parts=(base, adapter))
    return None


def _side(text: str) -> ModelRef | None:
    """One side of ``BASE+ADAPTER``: something local that is there, or elsewhere."""
    if not text:
        return None
    if not _SCHEME.match(text) and Path(text).exists():
        return ModelRef("local", text)
    found = _remote(text)
    # A bare word beside a plus sign is a path that is not there, not a repository.
    return found if found and (found.kind != "hub" or "/" in found.place) else None


def _malformed(text: str, expected: str, advice: str | None = None) -> UsageError:
    return UsageError(
        f"'{shown(text)}' is no model reference",
        expected=expected,
        advice=advice or "See docs/references.md for every form.",
    )
