# SPDX-License-Identifier: Apache-2.0
"""Tokenizer and architecture of an audit's models, beside the evidence on weights.

Nothing here can change a finding about weights, an exit code or the budget of bytes:
whatever is missing, unreadable or broken becomes a stated reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from parentage.errors import ParentageError, SourceError
from parentage.evidence.architecture import load_background
from parentage.evidence.background.tokenizers import load_tokenizers
from parentage.model.tokenizer.read import find_tokenizer
from parentage.report.lineage_nearest import LineageItem, Missing
from parentage.run.lineage_architecture import (
    ReadArchitecture,
    compare_architecture_pair,
    of_opened,
)
from parentage.run.lineage_tokenizer import ReadTokenizer, compare_pair, open_tokenizer

if TYPE_CHECKING:
    from parentage.run.audit import Opened

Made = TypeVar("Made")

POINTS: Final = 600
"""Points of the figure of both orders, for each reference of an audit."""


def lineage_of(own: Opened, references: Sequence[Opened]) -> tuple[LineageItem, ...]:
    """Tokenizer and architecture of the candidate beside those of each reference.

    Args:
        own: the candidate; its headers and config are read already.
        references: the same of each reference.

    Returns:
        Two items for each reference; what could not be compared says why.
    """
    mine = _tokenizer(own)
    design = _architecture(own)
    found = []
    unpaid = _bytes(mine)
    for reference in references:
        theirs = _tokenizer(reference)
        read = _bytes(theirs) + unpaid
        unpaid = 0
        found.append(_compare_tokenizers(reference.label, mine, theirs, read))
        other = _architecture(reference)
        found.append(_compare_architectures(reference.label, design, other))
    return tuple(found)


def _compare_tokenizers(
    reference: str,
    mine: ReadTokenizer | Missing,
    theirs: ReadTokenizer | Missing,
    read: int,
) -> LineageItem:
    if isinstance(mine, Missing) or isinstance(theirs, Missing):
        return _absent("tokenizer", reference, (mine, theirs), read)
    made = _guarded(
        reference, lambda: compare_pair(mine, theirs, load_tokenizers(), POINTS)
    )
    if isinstance(made, Missing):
        return _absent("tokenizer", reference, (made,), read)
    return LineageItem(
        kind="tokenizer", reference=reference, tokenizer=made, bytes_read=read
    )


def _compare_architectures(
    reference: str,
    mine: ReadArchitecture | Missing,
    theirs: ReadArchitecture | Missing,
) -> LineageItem:
    if isinstance(mine, Missing) or isinstance(theirs, Missing):
        return _absent("architecture", reference, (mine, theirs))
    made = _guarded(
        reference, lambda: compare_architecture_pair(mine, theirs, load_background())
    )
    if isinstance(made, Missing):
        return _absent("architecture", reference, (made,))
    return LineageItem(kind="architecture", reference=reference, architecture=made)


def _absent(
    kind: Literal["tokenizer", "architecture"],
    reference: str,
    sides: Sequence[object],
    read: int = 0,
) -> LineageItem:
    missing = tuple(side for side in sides if isinstance(side, Missing))
    return LineageItem(kind=kind, reference=reference, missing=missing, bytes_read=read)


def _bytes(read: ReadTokenizer | Missing) -> int:
    return 0 if isinstance(read, Missing) else read.bytes_read or 0


def _tokenizer(opened: Opened) -> ReadTokenizer | Missing:
    path = opened.checkpoint.path
    folder = path if path.is_dir() else path.parent

    def read() -> ReadTokenizer | Missing:
        if not find_tokenizer(folder):
            return Missing(code="none", model=opened.label)
        return open_tokenizer(folder, opened.label)

    return _guarded(opened.label, read)


def _architecture(opened: Opened) -> ReadArchitecture | Missing:
    return _guarded(opened.label, lambda: of_opened(opened))


def _guarded(model: str, make: Callable[[], Made]) -> Made | Missing:
    """What ``make`` makes, or why it could not be made."""
    try:
        return make()
    except SourceError:
        raise  # a report must not depend on whether the network held
    except ParentageError as error:
        return Missing(code="unreadable", model=model, detail=str(error))
    except Exception as error:  # whatever it is, the weights are still to be judged
        return Missing(
            code="internal", model=model, detail=f"{type(error).__name__}: {error}"
        )
