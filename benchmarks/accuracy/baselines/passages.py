# SPDX-License-Identifier: Apache-2.0
"""The same passages of text as token numbers of two models.

Where a paper runs models on a public corpus, small models are run on text of the kind
they were trained on: documents of both grammars of the zoo, drawn with a seed that no
model was trained on. The text is cut greedily into the longest tokens that both
vocabularies have, so that positions correspond whatever the tokenizers.
"""

from __future__ import annotations

import random
from functools import cache

import numpy as np
from numpy.typing import NDArray
from zoo.recipes.text import GRAMMARS

from benchmarks.accuracy.baselines.loaded import Loaded, shared_rows

Tokens = NDArray[np.intp]

SEQUENCES, LENGTH = 16, 64
LONGEST = 32


@cache
def passages() -> tuple[str, ...]:
    """One long text per sequence, in byte-level spelling; ASCII only."""
    rng = random.Random("baselines/held out")
    texts = []
    for number in range(SEQUENCES):
        grammar = sorted(GRAMMARS)[number % len(GRAMMARS)]
        text = "".join(GRAMMARS[grammar](rng) for _ in range(12))
        text = "".join(c for c in text if c.isascii())
        texts.append(text.replace(" ", "Ġ").replace("\n", "Ċ"))
    return tuple(texts)


def tokens(candidate: Loaded, reference: Loaded) -> tuple[Tokens, Tokens]:
    """Token numbers of both models, one sequence a row.

    Uniformly random shared tokens where a tokenizer is missing or cannot spell the
    text (the inputs of the paper's activation test).
    """
    i, j, _, _ = shared_rows(candidate, reference)
    place = {int(b): n for n, b in enumerate(j)}
    names = {} if candidate.tokens is None else reference.tokens or {}
    known = {t: place[k] for t, k in names.items() if k in place}
    rows = [_cut(text, known) for text in passages()]
    if all(len(row) == LENGTH for row in rows):
        chosen = np.array(rows, dtype=np.intp)
    else:
        shape = (SEQUENCES, LENGTH)
        chosen = np.random.default_rng(0).integers(0, len(i), shape).astype(np.intp)
    return i[chosen], j[chosen]


def _cut(text: str, known: dict[str, int]) -> list[int]:
    found: list[int] = []
    at = 0 if known else len(text)
    while at < len(text) and len(found) < LENGTH:
        for size in range(min(LONGEST, len(text) - at), 0, -1):
            if (piece := text[at : at + size]) in known:
                found.append(known[piece])
                break
        else:
            size = 1
        at += size
    return found
