# SPDX-License-Identifier: Apache-2.0
"""What a model's tokenizer and architecture are nearest to, among known ones."""

from __future__ import annotations

from collections.abc import Sequence

from parentage.artifact.source.locate import Reference, locate
from parentage.errors import ParentageError, SourceError
from parentage.evidence.architecture import load_background
from parentage.evidence.architecture.words import sentence
from parentage.evidence.background.tokenizers import load_tokenizers
from parentage.evidence.tokenizer.finding import words
from parentage.model.tokenizer.read import find_tokenizer
from parentage.report.lineage_nearest import Missing, NearestDocument
from parentage.run.lineage_architecture import (
    ReadArchitecture,
    architecture_info,
    check_organisations,
    nearest_architectures,
    open_architecture,
)
from parentage.run.lineage_frame import clock, frame, names_of
from parentage.run.lineage_tokenizer import (
    ReadTokenizer,
    nearest_tokenizers,
    open_tokenizer,
    tokenizer_info,
)


def nearest_known(
    model: Reference,
    *,
    count: int = 5,
    before: str = "",
    exclude: Sequence[str] = (),
    command: Sequence[str] = (),
) -> NearestDocument:
    """The known tokenizers and architectures nearest to a model's.

    Args:
        model: a folder, or a file with a tokenizer, a config or both (GGUF).
        count: how many of each to name.
        before: a month (``2025-12``); architectures of families that were released
            in it or later are not asked. Tokenizers carry no date and are all asked.
        exclude: organisations whose architectures are not asked.
        command: how this was called, for the document.

    Raises:
        ArtifactError: neither a tokenizer nor an architecture can be read there.
        UsageError: ``exclude`` names an organisation that is not known.
    """
    started = clock()
    background = load_background()
    check_organisations(exclude, background)
    name = names_of([model])[0]
    path = locate(model)
    failed: list[ParentageError] = []
    tokenizer: ReadTokenizer | None = None
    architecture: ReadArchitecture | None = None
    missing: list[Missing] = []
    try:
        tokenizer = open_tokenizer(path, name)
    except SourceError:
        raise
    except ParentageError as error:
        failed.append(error)
        none = path.is_dir() and not find_tokenizer(path)
        missing.append(_missing(name, error, none=none, short=path.is_file()))
    try:
        architecture = open_architecture(path, name)
    except SourceError:
        raise
    except ParentageError as error:
        failed.append(error)
        missing.append(_missing(name, error, none=False, short=path.is_file()))
    if tokenizer is None and architecture is None:
        raise failed[-1] if path.is_dir() else failed[0]
    return NearestDocument(
        model=name,
        path=str(path),
        before=before,
        excluded=tuple(exclude),
        tokenizer=tokenizer_info(tokenizer) if tokenizer else None,
        tokenizer_nearest=nearest_tokenizers(tokenizer, load_tokenizers(), count)
        if tokenizer
        else None,
        architecture=architecture_info(architecture) if architecture else None,
        architecture_nearest=nearest_architectures(
            architecture, background, count, exclude=exclude, before=before
        )
        if architecture
        else (),
        missing=tuple(missing),
        caveats=(words("en")["caveat"], sentence().en),
        **frame(command, started),
    )


def _missing(name: str, error: ParentageError, *, none: bool, short: bool) -> Missing:
    """Why one of the two is missing; in short where one file cannot hold both."""
    detail = error.message if short else str(error)
    return Missing(
        code="none" if none else "unreadable",
        model=name,
        detail="" if none else detail,
    )
