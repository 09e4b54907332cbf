# SPDX-License-Identifier: Apache-2.0
"""From pieces to one description of a module's descent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from parentage.evidence.descent.change import Change, Extent, change, extent
from parentage.evidence.descent.limits import LIMITS, Limits
from parentage.evidence.descent.low_rank import Ranks, ranks
from parentage.evidence.descent.merge import (
    Fitted,
    Mixture,
    ParentShare,
    fit,
    linear_parents,
    mixture,
)
from parentage.evidence.descent.pieces import Piece, common
from parentage.evidence.descent.quantised import Quantised, quantised, stored_rounded
from parentage.evidence.descent.remainder import Remainder, remainder

Kind = Literal[
    "identical",
    "passthrough",
    "quantised",
    "merge",
    "low-rank",
    "merge-with-remainder",
    "trained",
    "not-described",
]
Direction = Literal["undecided", "from-reference", "from-candidate"]

MOST_REFERENCES = 6
"""References that one fit uses, nearest first."""


@dataclass(frozen=True)
class LayerSource:
    """Where one block of one layer is found value for value.

    Attributes:
        block, layer: of the candidate.
        references: references that hold the same values there.
        equal: share of equal values, for the best of all references.
    """

    block: str
    layer: int | None
    references: tuple[str, ...]
    equal: float


@dataclass(frozen=True)
class Descent:
    """What kind of descent a module shows, given that it depends on references.

    Attributes:
        module: of the candidate.
        kind: the word for it.
        nearest: reference with the smallest change.
        extent: size of the change to it.
        changes: one for every related reference, nearest first.
        sources: where blocks of layers are found unchanged.
        quantised, ranks, mixture, remainder: what was found out, where it applies.
        weights: sum-to-one weights of the plain fit, even where it explains little.
        open_shares: of a module that looks trained, references part of whose change it
            holds: a merge with an unlisted model would leave that, and so would
            similar training.
        direction: ``from-reference`` where geometry or dates say so;
            ``from-candidate`` where dates say that the reference is the later one.
        direction_reason: id of the reason.
        dates: of the candidate and of ``nearest``, where they say the direction.
        reason: why nothing could be described.
        notes: ids of caveats.
        elements: values of the candidate that were looked at.
    """

    module: str
    kind: Kind
    nearest: str | None = None
    extent: Extent | None = None
    changes: tuple[Change, ...] = ()
    sources: tuple[LayerSource, ...] = ()
    quantised: Quantised | None = None
    ranks: Ranks | None = None
    mixture: Mixture | None = None
    remainder: Remainder | None = None
    weights: dict[str, float] = field(default_factory=dict)
    open_shares: tuple[ParentShare, ...] = ()
    direction: Direction = "undecided"
    direction_reason: str = "weights-are-symmetric"
    dates: tuple[str, str] | None = None
    reason: str | None = None
    notes: tuple[str, ...] = ()
    elements: int = 0


def describe(
    module: str,
    pieces: Sequence[Piece],
    names: Sequence[str],
    *,
    seed: int = 0,
    limits: Limits = LIMITS,
    base: str | None = None,
) -> Descent:
    """Describe the descent of a module from references it is known to depend on.

    Args:
        module: name of the candidate's module.
        pieces: what was read; see :class:`parentage.evidence.descent.pieces.Piece`.
        names: references whose exact tests found dependence, nothing else.
        seed: for the bootstrap.
        limits: where words begin.
        base: base of a sparse merge that another module of the model showed.
    """
    held = [n for n in names if any(n in p.references for p in pieces)]
    if not held:
        return Descent(
            module, "not-described", reason="no tensors of equal shape were read"
        )
    changes = sorted(
        (change(pieces, n) for n in held), key=lambda c: (c.relative, -c.equal)
    )
    nearest = changes[0].reference
    rows = _sources(pieces, held)
    whole = [c for c in changes if c.equal == 1.0]
    facts = {
        "module": module,
        "nearest": nearest,
        "extent": extent(changes[0], limits),
        "changes": tuple(changes),
        "sources": rows,
        "elements": sum(p.values.size for p in pieces if not p.square),
    }
    if whole and not stored_rounded(pieces, whole[0].reference):
        return Descent(kind="identical", **facts)  # type: ignore[arg-type]
    if _passthrough(rows):
        return Descent(kind="passthrough", **facts)  # type: ignore[arg-type]
    rounding = quantised(pieces, held, limits)
    if rounding is not None:
        best = rounding.candidates[0]
        facts |= {"nearest": best.reference, "quantised": rounding}
        if not best.on_grid:
            facts |= {
                "direction": "from-reference",
                "direction_reason": "rounding-cannot-be-undone",
            }
        return Descent(kind="quantised", **facts)  # type: ignore[arg-type]
    return _mixed(pieces, changes, facts, seed=seed, limits=limits, base=base)


def _mixed(
    pieces: Sequence[Piece],
    changes: Sequence[Change],
    facts: dict[str, object],
    *,
    seed: int,
    limits: Limits,
    base: str | None,
) -> Descent:
    """Merge, low-rank update, merge with an unlisted parent, or plain training."""
    nearest = changes[0].reference
    names = [c.reference for c in changes[:MOST_REFERENCES]]
    shared = common(pieces, names)
    fitted: Fitted | None = None
    if len(names) > 1 and shared:
        fitted = fit(shared, names, nearest)
        facts["weights"] = fitted.by_name
        found = mixture(fitted, np.random.default_rng(seed), limits, base)
        if found is not None:
            facts |= {"mixture": found, "notes": _notes(found, limits)}
            if sum(0.02 < p.weight < 0.98 for p in found.parents) > 1:
                facts |= {
                    "direction": "from-reference",
                    "direction_reason": "lies-between-its-parents",
                }
            return Descent(kind="merge", **facts)  # type: ignore[arg-type]
    rank = ranks(pieces, nearest, limits)
    facts["ranks"] = rank
    if rank is not None and rank.low:
        return Descent(kind="low-rank", **facts)  # type: ignore[arg-type]
    rest = remainder(
        shared if fitted is not None else common(pieces, [nearest]),
        names if fitted is not None else [nearest],
        fitted,
        nearest,
        limits,
    )
    if rest is not None:
        facts |= {"remainder": rest}
        return Descent(kind="merge-with-remainder", **facts)  # type: ignore[arg-type]
    if fitted is not None:
        facts["open_shares"] = _open_shares(fitted, seed, limits)
    return Descent(kind="trained", **facts)  # type: ignore[arg-type]


def _open_shares(fitted: Fitted, seed: int, limits: Limits) -> tuple[ParentShare, ...]:
    """References part of whose change is there, for a reason that stays open.

    Ordinary relatives share up to a third of each other's change, as evenly as a merge
    would (docs/methods/descent.md), so nothing more can be said of a small share.
    """
    least, most = limits.fraction
    return tuple(
        share
        for share in linear_parents(fitted, np.random.default_rng(seed))
        if share.reference != fitted.anchor
        and least <= share.weight <= most
        and share.low > least / 2
    )


def _notes(found: Mixture, limits: Limits) -> tuple[str, ...]:
    notes = list(found.notes)
    if found.kin > limits.kin:
        notes.append("parents-too-alike")
    return tuple(notes)


def _sources(pieces: Sequence[Piece], names: Sequence[str]) -> tuple[LayerSource, ...]:
    """For each block of each layer, which references hold the same matrices."""
    places = dict.fromkeys(
        (p.block, p.layer) for p in pieces if p.matrix and not p.square
    )
    rows = []
    for block, layer in places:
        mine = [
            p
            for p in pieces
            if (p.block, p.layer) == (block, layer) and p.matrix and not p.square
        ]
        shares = {
            n: float(np.mean([p.equal(n) for p in mine if n in p.references]))
            for n in names
            if any(n in p.references for p in mine)
        }
        same = tuple(n for n, share in shares.items() if share == 1.0)
        rows.append(LayerSource(block, layer, same, max(shares.values(), default=0.0)))
    return tuple(rows)


def _passthrough(rows: Sequence[LayerSource]) -> bool:
    """Whether unchanged layers come from different references, and all are unchanged.

    Blocks that several references hold alike say nothing about which one they are
    from; some must be held by one reference only, and by another one elsewhere.
    """
    if not rows or any(not r.references for r in rows):
        return False
    return not set.intersection(*(set(r.references) for r in rows))
