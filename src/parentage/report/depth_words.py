# SPDX-License-Identifier: Apache-2.0
"""What was done to layers, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from parentage.report.language import ENGLISH, Language, marked

if TYPE_CHECKING:
    from parentage.report.document import DepthItem

TEXTS: Final = {
    "in-place": marked("Every layer stands where it stood."),
    "layers-removed": marked(
        "Layers were removed: {unused} of the reference are missing."
    ),
    "depth-up-scaled": marked(
        "Depth up-scaled: layers {repeated} of the reference occur more than once, in "
        "the order {order}."
    ),
    "layers-added": marked(
        "Layers were added: {own} are not the reference's, all of its own are there."
    ),
    "layers-reordered": marked("Layers stand in another order: {order}."),
    "layers-taken": marked(
        "Only a part of the layers: {order} of the reference, beside layers {own} of "
        "other origin."
    ),
    "layers-interpolated": marked(
        "Some layers lie between two neighbours of the reference: {between}."
    ),
}


def depth_text(depth: DepthItem, lang: Language = ENGLISH) -> str:
    """The name of what was done, with the layers of the reference."""
    between = [
        f"{own} ({theirs[0]}–{theirs[1]})"
        for own, theirs in depth.layers
        if len(theirs) == 2
    ]
    return lang(
        TEXTS[depth.kind],
        unused=ranges(depth.unused),
        repeated=ranges(depth.repeated),
        own=ranges(depth.own),
        order=ranges([theirs[0] for _, theirs in depth.layers]),
        between=", ".join(between),
    )


def ranges(numbers: Sequence[int]) -> str:
    """``0–3, 2–5``: rising runs, in the order given."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in runs)
