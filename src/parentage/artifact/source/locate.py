# SPDX-License-Identifier: Apache-2.0
"""From a reference to the place it means."""

from __future__ import annotations

from pathlib import Path

from parentage.artifact.ref import ModelRef
from parentage.artifact.source.place import Location, RemotePath
from parentage.errors import UsageError

Reference = str | Path | ModelRef | RemotePath
"""What a command or a call may name a model by."""


def locate(reference: Reference) -> Location:
    """The place that a reference means; branches and tags become commits.

    Raises:
        UsageError: it is no reference, or names two models (``BASE+ADAPTER``).
        SourceError: it lies elsewhere and cannot be found there.
    """
    if isinstance(reference, RemotePath):
        return reference
    ref = ModelRef.parse(reference)
    match ref.kind:
        case "local":
            return Path(ref.place)
        case "hub":
            from parentage.artifact.source.hub import open_hub  # noqa: PLC0415

            return open_hub(ref.place, ref.decoded_revision, ref.path)
        case "web":
            from parentage.artifact.source.web import open_web  # noqa: PLC0415

            return open_web(ref.place)
        case "s3":
            from parentage.artifact.source.objects import open_bucket  # noqa: PLC0415

            return open_bucket(ref.place, ref.path)
    raise UsageError(
        "BASE+ADAPTER names two models",
        file=str(ref),
        expected="one model",
        advice="Name the base alone.",
    )


def label_of(reference: Reference) -> str:
    """A short name for reports."""
    if isinstance(reference, RemotePath):
        return reference.name
    return ModelRef.parse(reference).label
