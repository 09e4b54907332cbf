# SPDX-License-Identifier: Apache-2.0
"""Numbers and names as readers see them, the same in the terminal and in HTML."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from typing import Protocol

from parentage.report.document import EvidenceItem, Report

FINDINGS = {
    "identical": ("identical", "■"),
    "reused": ("reused", "▲"),
    "correspondence": ("correspondence", "◆"),
    "no-dependence-found": ("no dependence found", "○"),
    "not-testable": ("not testable", "–"),
}
"""Finding -> (words, sign). The sign repeats what the colour says."""

MEANINGS = {
    "identical": "Every value read equals the reference’s.",
    "reused": "Exact tests show that the weights descend from the reference’s.",
    "correspondence": "More agreement than chance explains, but no proof of reuse.",
    "no-dependence-found": "Nothing found; the report says what would have been.",
    "not-testable": "No test could run here. That is neither innocence nor guilt.",
}


def power10(log10_p: float | None) -> str:
    """``0.48``, ``0.0012``, ``10^-573``: a p-value given as its ``log10``."""
    base, exponent = power10_parts(log10_p)
    return base if exponent is None else f"{base}^{exponent}"


def power10_parts(log10_p: float | None) -> tuple[str, str | None]:
    """The same in two pieces, so that HTML can raise the exponent."""
    if log10_p is None or math.isnan(log10_p):
        return "–", None
    if log10_p == -math.inf:
        return "0", None
    if log10_p > -3:
        return f"{10 ** min(log10_p, 0.0):.2g}", None
    return "10", f"{log10_p:.1f}" if log10_p > -10 else f"{log10_p:.0f}"


def number(value: float | None, digits: int = 3) -> str:
    """A plain number: whole ones in groups of three, others to ``digits`` places."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if float(value).is_integer() and abs(value) < 1e15:
        return whole(int(value))
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def whole(value: int) -> str:
    """A whole number in groups of three."""
    return f"{value:,}"


def byte_size(value: int) -> str:
    """``1.42 MB``: decimal units, three significant digits."""
    size = float(value)
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(size) < 999.5:
            return f"{value} bytes" if unit == "bytes" else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def share(numerator: int, denominator: int) -> str:
    """``7.28 %``; never rounded down to nothing."""
    if denominator <= 0:
        return "–"
    value = 100 * numerator / denominator
    if 0 < value < 0.01:
        return "< 0.01 %"
    if numerator < denominator and value > 99.99:
        return "> 99.99 %"
    return f"{value:.2f} %"


def command_line(command: Sequence[str]) -> str:
    """The command as it can be typed into a shell."""
    return shlex.join(command)


def reproduce(report: Report) -> str:
    """The command that gives the same numbers again."""
    if report.command:
        return command_line(report.command)
    words = ["parentage", "audit", report.candidate.path]
    for reference in report.references:
        words += ["--against", reference.path]
    words += ["--budget", str(report.settings.budget)]
    return command_line([*words, "--seed", str(report.settings.seed)])


def statistic(item: EvidenceItem) -> str:
    """``958 heads of 1,896``: the number with what it counts."""
    if item.value is None:
        return "–"
    if item.statistic == "heads":
        return f"{number(item.value)} heads of {whole(item.n)}"
    if item.statistic == "fixed points":
        return f"{number(item.value)} fixed points of {whole(item.n)}"
    if item.statistic.startswith("tensors identical"):
        return f"{number(item.value)} of {whole(item.n)} tensors"
    return f"{item.statistic} {number(item.value)}"


def deviations(item: EvidenceItem) -> float | None:
    """How many standard deviations the statistic lies above its null mean."""
    if item.value is None or item.null_mean is None or not item.null_sd:
        return None
    z = (item.value - item.null_mean) / item.null_sd
    return z if math.isfinite(z) else None


class DemoLine(Protocol):
    """What renderers need of a row of the demo."""

    @property
    def candidate(self) -> str:
        """The model under test."""

    @property
    def reference(self) -> str:
        """The model it was held against."""

    @property
    def module(self) -> str:
        """The candidate's module."""

    @property
    def truth(self) -> str:
        """The manifest's word."""

    @property
    def finding(self) -> str:
        """The report's word."""

    @property
    def agrees(self) -> bool:
        """Whether the two say the same."""
