# SPDX-License-Identifier: Apache-2.0
"""Tokenizers and architectures of two fingerprints; no evidence about weights."""

from __future__ import annotations

from pathlib import Path

from parentage.errors import ParentageError
from parentage.evidence.architecture import load_background
from parentage.evidence.background.tokenizers import load_tokenizers
from parentage.evidence.tokenizer.vocabulary import vocabulary
from parentage.model.architecture import architecture_of_model, count_stored
from parentage.registry.fingerprint import Fingerprint
from parentage.registry.tokenizer_record import unpack_tokenizer
from parentage.run.lineage_architecture import (
    ReadArchitecture,
    compare_architecture_pair,
)
from parentage.run.lineage_tokenizer import ReadTokenizer, compare_pair

POINTS = 2
"""Points of a figure that is not drawn."""


def read_tokenizer_of(made: Fingerprint) -> ReadTokenizer | None:
    """The tokenizer that a fingerprint holds, if it holds one.

    Raises:
        FingerprintError: its record is malformed.
    """
    if made.tokenizer is None:
        return None
    name = made.identity.name
    tokenizer = unpack_tokenizer(made.tokenizer, name)
    return ReadTokenizer(
        name, Path(name), tokenizer, vocabulary(tokenizer, name), len(made.tokenizer)
    )


def read_architecture_of(made: Fingerprint) -> ReadArchitecture:
    """The architecture that headers and config of a fingerprint state."""
    return ReadArchitecture(
        made.identity.name,
        made.identity.name,
        architecture_of_model(made.model),
        "tensors and config" if made.config else "tensors",
        count_stored(made.model),
        0,
    )


def relations(a: Fingerprint, b: Fingerprint) -> tuple[str | None, dict[str, str]]:
    """The relation of the tokenizers, and of each component of the architectures.

    What cannot be compared is left out: it could not change a finding.
    """
    tokenizer: str | None = None
    components: dict[str, str] = {}
    try:
        first, second = read_tokenizer_of(a), read_tokenizer_of(b)
        if first is not None and second is not None:
            if first.tokenizer.digest == second.tokenizer.digest:
                tokenizer = "identical"
            else:
                made = compare_pair(first, second, load_tokenizers(), POINTS)
                tokenizer = made.finding.relation
        pair = compare_architecture_pair(
            read_architecture_of(a), read_architecture_of(b), load_background()
        )
        components = {item.kind: item.word for item in pair.components}
    except ParentageError:
        pass
    return tokenizer, components
