# SPDX-License-Identifier: Apache-2.0
"""Points for a figure: where each shared token stands in both orders of learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from parentage.evidence.tokenizer.compare import Book
from parentage.evidence.tokenizer.vocabulary import Vocabulary, vocabulary

if TYPE_CHECKING:
    from parentage.model.tokenizer.description import Tokenizer

MOST_POINTS = 2000


def order_points(
    a: Tokenizer | Vocabulary, b: Tokenizer | Vocabulary, most: int = MOST_POINTS
) -> tuple[tuple[int, int], ...]:
    """Places of shared tokens in the orders of ``a`` and ``b``, by place in ``a``.

    At most ``most`` of them, evenly spaced among the shared tokens, first and last
    included. Tokens without a place in either order are left out.
    """
    first, second = (v if isinstance(v, Vocabulary) else vocabulary(v) for v in (a, b))
    found = Book([first, second]).rows_in(0, 1)
    rows_b = np.flatnonzero(found >= 0)
    places = np.stack([first.order[found[rows_b]], second.order[rows_b]], axis=1)
    places = places[(places >= 0).all(axis=1)]
    places = places[np.argsort(places[:, 0], kind="stable")]
    if len(places) > most:
        places = places[np.linspace(0, len(places) - 1, max(most, 0)).astype(np.intp)]
    return tuple((int(x), int(y)) for x, y in places)
