# SPDX-License-Identifier: Apache-2.0
"""What disguises leave behind in a model. Each has innocent causes; none accuses.

* Norm gains that are all exactly one: folded into other tensors (also done by some
  converters and quantisers, and by designs without gains).
* Residual dims without outliers although the reference has some: a rotation (also
  done by quantisers; some training recipes never grow outliers).
* Up and down sides of neurons of exactly equal length, or of lengths that stand in
  far wilder ratios than the reference's: a rescaling (also done by quantisers).
* Units that match in everything but the sign, which falls like a coin: signs were
  drawn anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parentage.evidence.alignment.units import Floats, Stream

GAUSSIAN_KURTOSIS = 3.0
EVEN = 0.01
"""Spread of the balance of neurons' sides below which they were made equal."""

WILD = 4.0
"""So many times the reference's spread of the balance is odd."""

OUTLIERS = 2.0
"""A stream has outlier dims where its kurtosis is so many times the Gaussian one."""


@dataclass(frozen=True)
class Telltales:
    """Numbers of one model.

    Attributes:
        unit_gains: number of norm gain vectors that are exactly one throughout.
        gains: number of norm gain vectors.
        kurtosis: of the lengths-scaled residual coordinates of token and gate rows,
            per dim energy; 3 for a stream without preferred dims.
        balance: standard deviation of the logarithm of the ratio of the lengths of a
            neuron's two sides.
    """

    unit_gains: int
    gains: int
    kurtosis: float | None
    balance: float | None


def telltales(stream: Stream) -> Telltales:
    """Look at one model on its own."""
    ones = sum(bool(np.all(gain == 1.0)) for gain in stream.gains)
    rows = [n.match for n in stream.neurons]
    if stream.tokens is not None:
        rows.append(stream.tokens)
    kurtosis = _kurtosis(np.concatenate(rows)) if rows else None
    spreads = [float(n.balance.std()) for n in stream.neurons if len(n.balance) > 1]
    return Telltales(
        ones, len(stream.gains), kurtosis, float(np.mean(spreads)) if spreads else None
    )


def notes(own: Telltales, other: Telltales) -> list[str]:
    """What is odd about the candidate, beside the reference, in words."""
    found = []
    if own.gains and own.unit_gains == own.gains and other.unit_gains < other.gains:
        found.append("all norm gains are exactly one, the reference's are not")
    if (
        own.kurtosis is not None
        and other.kurtosis is not None
        and own.kurtosis < GAUSSIAN_KURTOSIS * 1.1
        and other.kurtosis > GAUSSIAN_KURTOSIS * OUTLIERS
    ):
        found.append("no residual dim stands out, some of the reference's do")
    if own.balance is not None and other.balance is not None:
        if own.balance < EVEN < other.balance:
            found.append("both sides of every neuron have the same length")
        elif own.balance > WILD * max(other.balance, EVEN):
            found.append(
                "the lengths of a neuron's two sides stand in far wilder ratios than "
                "the reference's"
            )
    return found


def _kurtosis(rows: Floats) -> float:
    # Each row is scaled first, so that long tokens do not decide alone.
    scale = np.sqrt(np.mean(np.square(rows), axis=1, keepdims=True))
    values = np.divide(rows, scale, out=np.zeros_like(rows), where=scale > 0)
    square = np.square(values.astype(np.float64))
    second = float(square.mean())
    return float(np.square(square).mean()) / second**2 if second > 0 else 0.0
