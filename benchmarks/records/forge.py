# SPDX-License-Identifier: Apache-2.0
"""Ways to tamper with a log, each a function from a series to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from parentage.stats.curve_noise import difference_noise
from parentage.stats.power_law import fit_power_law
from parentage.stats.straight_runs import resolution
from parentage.training.series import Series

Floats = npt.NDArray[np.float64]
Forge = Callable[[Series, np.random.Generator], Series]


def _loss(series: Series) -> tuple[npt.NDArray[np.int64], Floats, float]:
    """Rows that hold a training loss, their values, and the rounding."""
    rows = np.flatnonzero(np.isfinite(series.columns["loss"]))
    values = series.columns["loss"][rows]
    return rows, values, resolution(values)


def _with(series: Series, rows: npt.NDArray[np.int64], values: Floats) -> Series:
    column = series.columns["loss"].copy()
    column[rows] = values
    return replace(series, columns={**series.columns, "loss": column})


def _rounded(values: Floats, grain: float) -> Floats:
    return np.round(values / grain) * grain if grain else values


def _stretch(count: int, rng: np.random.Generator, share: float) -> slice:
    """A stretch in the middle part of the log."""
    length = max(60, int(share * count))
    start = int(rng.integers(count // 4, max(count // 4 + 1, 3 * count // 4 - length)))
    return slice(start, start + length)


def interpolated(series: Series, rng: np.random.Generator) -> Series:
    """A tenth of the log replaced by a straight line."""
    rows, values, grain = _loss(series)
    part = _stretch(len(values), rng, 0.1)
    ends = np.median(values[part][:9]), np.median(values[part][-9:])
    line = np.linspace(*ends, part.stop - part.start)
    values[part] = _rounded(line, grain)[: len(values[part])]
    return _with(series, rows, values)


def curved(series: Series, rng: np.random.Generator) -> Series:
    """A tenth of the log replaced by a smooth curve."""
    rows, values, grain = _loss(series)
    part = _stretch(len(values), rng, 0.1)
    x = np.arange(part.stop - part.start)[: len(values[part])]
    smooth = np.polynomial.Polynomial.fit(x, values[part], 3)(x)
    values[part] = _rounded(smooth, grain)
    return _with(series, rows, values)


def averaged(series: Series, rng: np.random.Generator) -> Series:
    """A sixth of the log replaced by its moving average over 25 values."""
    rows, values, grain = _loss(series)
    part = _stretch(len(values), rng, 1 / 6)
    wide = np.convolve(values, np.ones(25) / 25, "same")
    values[part] = _rounded(wide[part], grain)
    return _with(series, rows, values)


def pasted(series: Series, rng: np.random.Generator) -> Series:
    """Forty values pasted from another place, moved to the level of where they go."""
    rows, values, _ = _loss(series)
    count = len(values)
    source = int(rng.integers(count // 2, count - 45))
    target = int(rng.integers(count // 4, count // 2 - 45))
    values[target : target + 40] = values[source : source + 40]
    return _with(series, rows, values)


def formula(series: Series, rng: np.random.Generator) -> Series:
    """The whole loss written by a power law with independent noise."""
    rows, values, grain = _loss(series)
    step = series.columns["step"][rows]
    fit = fit_power_law(step - step[0], values)
    if fit is None:
        return series
    curve = fit.floor + fit.scale * (step - step[0] + max(fit.offset, 1.0)) ** (
        -fit.exponent
    )
    noise = difference_noise(values[len(values) // 2 :])
    made = curve + noise * rng.standard_normal(len(curve))
    return _with(series, rows, _rounded(made, grain))


def removed(series: Series, rng: np.random.Generator) -> Series:
    """A tenth of the lines taken out."""
    rows, _, _ = _loss(series)
    part = _stretch(len(rows), rng, 0.1)
    low, high = rows[part][0], rows[part][-1]
    keep = np.r_[0:low, high + 1 : len(series.lines)]
    return replace(
        series,
        columns={n: c[keep] for n, c in series.columns.items()},
        lines=series.lines[keep],
        rows=len(keep),
    )


def renumbered(series: Series, rng: np.random.Generator) -> Series:
    """A tenth of the lines taken out, and the steps behind moved up."""
    cut = removed(series, rng)
    step = cut.columns["step"].copy()
    apart = np.diff(step)
    usual = np.median(apart[apart > 0])
    at = int(np.argmax(apart))
    step[at + 1 :] -= apart[at] - usual
    return replace(cut, columns={**cut.columns, "step": step})


def clock_back(series: Series, rng: np.random.Generator) -> Series:
    """A stretch from another day: its clock runs before that of the lines beside it."""
    if "time" not in series.columns:
        return series
    time = series.columns["time"].copy()
    part = _stretch(len(time), rng, 0.2)
    time[part] -= 86_400
    return replace(series, columns={**series.columns, "time": time})


FORGERIES: Mapping[str, Forge] = {
    "interpolated": interpolated,
    "curved": curved,
    "averaged": averaged,
    "pasted": pasted,
    "formula": formula,
    "removed": removed,
    "renumbered": renumbered,
    "clock back": clock_back,
}
