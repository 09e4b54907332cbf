# SPDX-License-Identifier: Apache-2.0
"""Noise of the loss beside the declared batch, and the norm of the gradient.

The loss of a batch is a mean over its tokens, whose losses differ by at least a fifth
of their mean; so the noise of the mean cannot be less than a fifth of the loss over the
root of the number of tokens. (Per-token losses of language models spread by about
their mean, and tokens of a sequence go up and down together, which makes the noise
larger.) There is no upper bound: data of many kinds makes any noise.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from parentage.evidence.log_subject import LogSubject
from parentage.evidence.record import Fact, RecordEvidence, Said
from parentage.stats.curve_noise import Floats, window_noise
from parentage.stats.straight_runs import resolution

SPREAD: Final = 0.2
"""Least spread of token losses over their mean."""

TOO_CALM: Final = 0.5
"""Noise over the least possible noise. The least of twelve honest
runs is 3.4."""

MOSTLY: Final = 0.5
"""A norm that has one value this often says nothing; honest logs with two decimals
have their most frequent value at up to a fifth of the steps."""

WIDTH: Final = 50


def check_noise(log: LogSubject) -> list[RecordEvidence]:
    """Whether a batch of the declared size leaves so little noise."""
    plan = log.plan
    if plan is None or plan.loss != "token-cross-entropy":
        return []
    curve = log.series.curve("loss").last_pass()
    tokens = plan.tokens_per_step
    if tokens is None or len(curve) < 4 * WIDTH:
        return [_noise(log, ("missing", "noise-unknown"), None, len(curve), {})]
    averaged = log.part.averaged if log.part and log.part.averaged else log.every
    windows = window_noise(curve.value, WIDTH)
    half = len(windows.noise) // 2
    noise = float(np.median(windows.noise[half:]))
    level = float(np.median(curve.value[len(curve) // 2 :]))
    least = SPREAD * level / np.sqrt(tokens * averaged)
    facts: dict[str, Fact] = {
        "noise": noise,
        "least": float(least),
        "tokens": tokens,
        "averaged": float(averaged),
    }
    if level <= 0 or resolution(curve.value) > 2 * noise:
        return [_noise(log, ("missing", "noise-rounded"), None, len(curve), facts)]
    ratio = float(noise / least)
    if ratio < TOO_CALM:
        return [_noise(log, ("contradicted", "noise-small"), ratio, len(curve), facts)]
    return [_noise(log, ("consistent", "noise-agrees"), ratio, len(curve), facts)]


def _noise(
    log: LogSubject,
    said: Said,
    value: float | None,
    n: int,
    facts: dict[str, Fact],
) -> RecordEvidence:
    return RecordEvidence(
        "loss-noise",
        "calibrated",
        said[0],
        log.name,
        said[1],
        statistic="noise over least possible noise",
        value=value,
        threshold=TOO_CALM,
        n=n,
        facts=facts,
    )


def check_gradient(log: LogSubject) -> list[RecordEvidence]:
    """Whether gradient norms are positive, move, and are no other column again."""
    curve = log.series.curve("grad_norm")
    if not len(curve):
        return [_gradient(log, ("missing", "gradient-none"), None, 0)]
    least = float(curve.value.min())
    if least < 0:
        at = int(curve.value.argmin())
        facts: dict[str, Fact] = {"least": least, "line": int(curve.line[at])}
        return [
            _gradient(
                log, ("contradicted", "gradient-negative"), least, len(curve), facts
            )
        ]
    if len(curve) < WIDTH:
        return [_gradient(log, ("missing", "gradient-few"), None, len(curve))]
    same = _same_column(log)
    if same is not None:
        return [
            _gradient(
                log,
                ("contradicted", "gradient-copied"),
                1.0,
                len(curve),
                {"column": same},
            )
        ]
    share = most_frequent(curve.value)
    if share > MOSTLY:
        # Some frameworks log the norm after clipping, which is constant.
        return [_gradient(log, ("missing", "gradient-constant"), share, len(curve))]
    return [_gradient(log, ("consistent", "gradient-agrees"), share, len(curve))]


def most_frequent(values: Floats) -> float:
    """Share of the most frequent of at least one value."""
    _, counts = np.unique(values, return_counts=True)
    return float(counts.max() / len(values))


def _same_column(log: LogSubject) -> str | None:
    norm = log.series.columns["grad_norm"]
    for name in ("loss", "eval_loss", "lr"):
        other = log.series.columns.get(name)
        if other is None:
            continue
        both = np.isfinite(norm) & np.isfinite(other)
        if both.sum() >= WIDTH and float(np.mean(norm[both] == other[both])) > 0.5:
            return name
    return None


def _gradient(
    log: LogSubject,
    said: Said,
    value: float | None,
    n: int,
    facts: dict[str, Fact] | None = None,
) -> RecordEvidence:
    return RecordEvidence(
        "gradient-norm",
        "calibrated",
        said[0],
        log.name,
        said[1],
        statistic="share of the most frequent value",
        value=value,
        n=n,
        facts=facts or {},
    )
