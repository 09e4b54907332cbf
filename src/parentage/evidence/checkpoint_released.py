# SPDX-License-Identifier: Apache-2.0
"""Are the released weights those of the last checkpoint, up to the number format?"""

from __future__ import annotations

from collections import Counter

from parentage.evidence.checkpoint_path import Path
from parentage.evidence.record import Fact, RecordEvidence, Said
from parentage.evidence.similarity import equal_values


def released_evidence(
    path: Path, *, broken: str | None, parameters: int, later: bool
) -> RecordEvidence:
    """Compare the last checkpoint with the released weights, value by value.

    Args:
        path: the two points.
        broken: a module that exact tests find no dependence in, if there is one.
        parameters: stored weights of the released model, for the share compared.
        later: whether steps are declared after the last checkpoint.
    """
    elements = equal = 0
    differ: Counter[str] = Counter()
    for strand in path.strands:
        a, b = strand.values
        same = equal_values(b, a, (strand.dtypes[1], strand.dtypes[0]))
        elements += same.size
        equal += int(same.sum())
        differ[strand.module] += int(same.size - same.sum())
    facts: dict[str, Fact] = {
        "elements": elements,
        "equal": equal,
        "share": elements / max(parameters, 1),
        "left_out": path.left_out,
        "format": ", ".join(sorted({s.dtypes[1] for s in path.strands})),
        "modules": ", ".join(m for m, n in differ.items() if n) or None,
        "module": broken,
        "last": path.labels[0],
    }
    said: Said = ("missing", "released-changed")
    if not elements:
        said = ("missing", "released-nothing")
    elif equal == elements and not path.left_out:
        said = ("verified", "released-equal")
    elif equal == elements:
        said = ("missing", "released-partly")
    elif broken:
        said = ("contradicted", "released-other")
    elif later:
        said = ("missing", "released-later")
    return RecordEvidence(
        "released",
        "exact",
        said[0],
        "released",
        said[1],
        statistic="share of equal values",
        value=equal / max(elements, 1),
        threshold=1.0,
        n=elements,
        facts=facts,
    )
