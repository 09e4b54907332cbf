# SPDX-License-Identifier: Apache-2.0
"""Is a set of weights an initialisation: independent draws, and constant vectors?

Every matrix is held against independent draws (:mod:`parentage.stats.initial`), every
vector against a constant. Passing means that the weights hold nothing learned. It does
not mean that training began from them: anyone can draw random numbers, so only the
link to the next checkpoint gives it weight.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from parentage.evidence.descent.pieces import digits
from parentage.evidence.record import Fact, RecordEvidence
from parentage.evidence.samples import Floats
from parentage.stats.initial import KURTOSIS, Initial, Shape, initial
from parentage.stats.rounding import spacing
from parentage.stats.tails import bonferroni
from parentage.training.initialisers import (
    ROUNDING,
    SURE,
    Drawn,
    SchemeFit,
    recognise,
)
from parentage.training.manifest import Initialisation, RoleScheme

LIMIT: Final = -9.0
"""``log10`` of the chance, over all matrices together, below which draws are ruled out.
Measured on honest initialisations and on trained weights: docs/training.md."""

FEWEST: Final = 256
"""Elements of the biases of a role without which draws cannot be told from learning."""

SHOWN: Final = 12
"""Tensors that a result lists."""


@dataclass(frozen=True)
class Weights:
    """A tensor of step 0, or what a fingerprint holds of it.

    Attributes:
        name: as stored.
        role, layer: in the words of a description.
        fan_in: inputs of one output of the whole tensor.
        values: ``(rows, columns)``, or a vector ``(n,)``.
        dtype: stored format.
    """

    name: str
    role: str
    layer: int | None
    fan_in: int
    values: Floats
    dtype: str


@dataclass(frozen=True)
class Measured:
    """A matrix and how well it agrees with independent draws.

    Attributes:
        weights: the matrix.
        found: how well it agrees.
        empty: rows that hold nothing but zeros, as of padding; they are left out.
    """

    weights: Weights
    found: Initial
    empty: int

    @property
    def drawn(self) -> Drawn:
        """For the library of schemes."""
        spread = math.sqrt((KURTOSIS[self.found.shape] - 1) / 4)
        return Drawn(
            self.weights.role,
            self.weights.layer,
            self.weights.fan_in,
            self.found.shape,
            self.found.std,
            spread / math.sqrt(self.weights.values.size),
        )


def measure(
    tensors: Iterable[Weights], *, seed: int
) -> tuple[list[Measured], list[Weights], list[Weights]]:
    """Measure matrices; sort out vectors that are constant and those that are not.

    Args:
        tensors: of step 0; consumed one by one, none is kept beyond what is returned.
        seed: of the draws inside rounding cells.

    Returns:
        Matrices, constant tensors, and vectors (or matrices of equal values beside
        others) that are not constant.
    """
    rng = np.random.default_rng(seed)
    matrices, constant, varied = [], [], []
    for item in tensors:
        values = item.values
        if values.size == 0:
            continue
        if float(values.min()) == float(values.max()):
            constant.append(item)
            continue
        if values.ndim != 2 or min(values.shape) < 2:
            varied.append(item)
            continue
        kept = values[np.any(values != 0, axis=1)]
        step = spacing(kept, *digits(item.dtype, kept)).astype(np.float64)
        found = initial(kept, step, rng=rng)
        if found is None:
            varied.append(item)
            continue
        matrices.append(Measured(item, found, len(values) - len(kept)))
    return matrices, constant, varied


def initial_evidence(
    subject: str,
    matrices: Sequence[Measured],
    constant: Sequence[Weights],
    varied: Sequence[Weights],
    *,
    declared: Initialisation | None,
    width: int,
    layers: int,
) -> RecordEvidence:
    """Whether step 0 is an initialisation, and the declared one.

    Args:
        subject: what it is about, such as ``step 0``.
        matrices, constant, varied: from :func:`measure`.
        declared: of the manifest.
        width, layers: of the model, for the library of schemes.
    """
    if not matrices:
        return RecordEvidence(
            "step-0", "calibrated", "missing", subject, "step-0-empty"
        )
    drawn, varied = _drawn_vectors(varied)
    rows = sorted(matrices, key=lambda m: m.found.worst[1])
    name, least = rows[0].found.worst
    log10_p = bonferroni(least, len(rows))
    fits = recognise([m.drawn for m in matrices], width=width, layers=layers)
    facts: dict[str, Fact] = {
        "matrices": len(matrices),
        "constant": len(constant),
        "drawn_vectors": drawn,
        "elements": sum(m.weights.values.size for m in matrices),
        "tensor": rows[0].weights.name,
        "test": name,
        "empty_rows": sum(m.empty for m in matrices),
        **_scheme(fits),
    }
    off = _undeclared(matrices, declared)
    outcome, reason = "consistent", "step-0-random"
    items = [_row(m) for m in rows[:SHOWN]]
    if log10_p < LIMIT:
        outcome, reason = "contradicted", "step-0-structured"
        beyond = [m for m in rows if bonferroni(m.found.worst[1], len(rows)) < LIMIT]
        facts["beyond"] = len(beyond)
    elif varied:
        outcome, reason = "contradicted", "step-0-varied"
        facts |= {"varied": len(varied), "tensor": varied[0].name}
    elif off:
        outcome, reason = "contradicted", "step-0-undeclared"
        facts |= {"off": len(off), **off[0]}
        items = off[:SHOWN]
    return RecordEvidence(
        "step-0",
        "calibrated",
        outcome,  # type: ignore[arg-type]
        subject,
        reason,
        statistic="log10 p of the least likely matrix",
        value=log10_p,
        threshold=LIMIT,
        n=len(matrices),
        log10_p=log10_p,
        facts=facts,
        items=tuple(items),
    )


def _drawn_vectors(varied: Sequence[Weights]) -> tuple[int, list[Weights]]:
    """Sort out vectors that are independent draws, as some frameworks draw biases.

    The vectors of a role are the rows of a matrix, so that their sizes must agree
    from layer to layer, which those of learned ones do not.

    Returns:
        How many vectors are draws, and those that are not.
    """
    groups: dict[tuple[str, int], list[Weights]] = {}
    for item in varied:
        groups.setdefault((item.role, item.values.size), []).append(item)
    drawn, left = 0, []
    for (role, size), items in groups.items():
        stack = np.stack([i.values.ravel() for i in items])
        steps = [spacing(i.values, *digits(i.dtype, i.values)) for i in items]
        step = np.stack([s.ravel() for s in steps]).astype(np.float64)
        found = None
        if role.endswith("bias") and stack.size >= FEWEST and size > 1:
            found = initial(stack, step, rng=np.random.default_rng(0))
        if found is None or bonferroni(found.worst[1], len(groups)) < LIMIT:
            left += items
        else:
            drawn += len(items)
    return drawn, left


def _scheme(fits: Sequence[SchemeFit]) -> dict[str, Fact]:
    if not fits or fits[0].agree < fits[0].tensors:
        return {"scheme": None}
    return {"scheme": fits[0].scheme, "scheme_factor": round(fits[0].factor, 6)}


def _row(item: Measured) -> dict[str, Fact]:
    test, log10_p = item.found.worst
    return {
        "tensor": item.weights.name,
        "role": item.weights.role,
        "layer": item.weights.layer,
        "shape": item.found.shape,
        "std": item.found.std,
        "edge": item.found.edge,
        "test": test,
        "log10_p": log10_p,
    }


DECLARED: Final[Mapping[str, tuple[Shape, ...]]] = {
    "normal": ("normal",),
    "truncated-normal": ("truncated-2", "truncated-3"),
    "uniform": ("uniform",),
}
"""Families by the words of a manifest; other words are not held against anything."""


def _undeclared(
    matrices: Sequence[Measured], declared: Initialisation | None
) -> list[dict[str, Fact]]:
    """Matrices whose family or deviation is not the declared one."""
    if declared is None:
        return []
    found = []
    for item in matrices:
        scheme = _declared_for(item.weights, declared)
        if scheme is None:
            continue
        reasons = []
        families = DECLARED.get(scheme.distribution)
        if families is not None and _other_family(item, families):
            reasons.append("distribution")
        if scheme.std is not None:
            off = abs(item.found.std / scheme.std - 1) if scheme.std > 0 else math.inf
            if off > SURE * item.drawn.error + ROUNDING:
                reasons.append("std")
        if reasons:
            row = _row(item)
            row |= {
                "declared": scheme.distribution,
                "declared_std": scheme.std,
                "differs": ", ".join(reasons),
            }
            found.append(row)
    return found


def _declared_for(item: Weights, declared: Initialisation) -> RoleScheme | None:
    return declared.roles.get(item.role, declared.default)


def _other_family(item: Measured, families: tuple[Shape, ...]) -> bool:
    """Whether the declared families are ruled out, not merely another fits better."""
    rng = np.random.default_rng(0)
    values = item.weights.values
    kept = values[np.any(values != 0, axis=1)]
    step = spacing(kept, *digits(item.weights.dtype, kept)).astype(np.float64)
    again = initial(kept, step, rng=rng, shapes=families)
    return again is not None and again.log10_p["shape"] < LIMIT
