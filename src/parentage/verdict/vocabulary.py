# SPDX-License-Identifier: Apache-2.0
"""The closed vocabulary of profiles: components, provenance classes, outcomes."""

from __future__ import annotations

from typing import Final, Literal, get_args

Component = Literal[
    "decoder-weights",
    "encoder-weights",
    "projector",
    "embedding",
    "tokenizer",
    "architecture",
    "training-code",
    "inference-code",
    "data",
    "synthetic-data",
]
Class = Literal[
    "identical",
    "frozen-external",
    "fine-tuned-external",
    "merged",
    "upcycled",
    "architecture-only",
    "re-implemented",
    "own",
    "unknown",
]
Grade = Literal["exact", "equal", "record", "calibrated", "declared", "none"]
Outcome = Literal["satisfied", "violated", "inconclusive", "not-stated"]
Kind = Literal["provenance", "licence", "disclosure", "control", "release"]
Weight = Literal["required", "valued", "graded", "not-stated"]
Evidence = Literal["nothing-found", "declared", "training-record", "not-stated"]
Item = Literal[
    "architecture",
    "parameters",
    "intermediate-parameters",
    "training-code",
    "preprocessing-code",
    "inference-code",
    "evaluation-code",
    "libraries",
    "datasets",
    "evaluation-data",
    "data-card",
    "data-information",
    "model-card",
    "technical-report",
    "research-paper",
    "evaluation-results",
    "training-logs",
]
Action = Literal[
    "replace",
    "disclose",
    "correct-declaration",
    "obtain-licence",
    "hand-in-evidence",
    "publish",
    "test",
]

COMPONENTS: Final[tuple[Component, ...]] = get_args(Component)
CLASSES: Final[tuple[Class, ...]] = get_args(Class)
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
ITEMS: Final[tuple[Item, ...]] = get_args(Item)

WEIGHTS: Final[frozenset[Component]] = frozenset(
    {"decoder-weights", "encoder-weights", "projector", "embedding"}
)
"""Components that consist of stored tensors."""

EXTERNAL: Final[frozenset[Class]] = frozenset(
    {"identical", "frozen-external", "fine-tuned-external", "merged", "upcycled"}
)
"""Classes of a component that carries something of another model."""

GRADES_OF_VIOLATION: Final[frozenset[Grade]] = frozenset({"exact", "equal", "declared"})
"""What a violation may rest on: an exact test, equal files, or the maker's own word.

Resemblance (``calibrated``) is no ground for one, however rare it is.
"""
