# SPDX-License-Identifier: Apache-2.0
"""Numbers and names as readers see them, the same in the terminal and in HTML."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from typing import Protocol

from parentage.report.document import EvidenceItem, Report
from parentage.report.language import ENGLISH, Language, marked

FINDINGS = {
    "identical": (marked("identical"), "■"),
    "reused": (marked("reused"), "▲"),
    "correspondence": (marked("correspondence"), "◆"),
    "no-dependence-found": (marked("no dependence found"), "○"),
    "not-testable": (marked("not testable"), "–"),
}
"""Finding -> (words, sign). The sign repeats what the colour says."""

MEANINGS = {
    "identical": marked("Every value read equals the reference’s."),
    "reused": marked("Exact tests show that the weights descend from the reference’s."),
    "correspondence": marked(
        "More agreement than chance explains, but no proof of reuse."
    ),
    "no-dependence-found": marked(
        "Nothing found; the report says what would have been."
    ),
    "not-testable": marked(
        "No test could run here. That is neither innocence nor guilt."
    ),
}

GRADES = {
    "exact": marked("exact"),
    "calibrated": marked("calibrated"),
    "descriptive": marked("descriptive"),
}

TRUTHS = {
    "identical": marked("identical"),
    "reused": marked("reused"),
    "independent": marked("independent"),
    "not in the manifest": marked("not in the manifest"),
}
"""What is known of the bundled models."""


SEVERITIES = {
    "error": marked("error"),
    "warning": marked("warning"),
    "info": marked("info"),
}


def severity_words(severity: str, lang: Language = ENGLISH) -> str:
    """How bad a problem is; an unknown word as it is."""
    return lang(SEVERITIES[severity]) if severity in SEVERITIES else severity


def finding_words(finding: str, lang: Language = ENGLISH) -> str:
    """A finding in words, without its sign; an unknown word as it is."""
    return lang(FINDINGS[finding][0]) if finding in FINDINGS else finding


def grade_words(grade: str, lang: Language = ENGLISH) -> str:
    """How far a test's number may be trusted; an unknown word as it is."""
    return lang(GRADES[grade]) if grade in GRADES else grade


def truth_words(truth: str, lang: Language = ENGLISH) -> str:
    """The manifest's word for what is true; an unknown word as it is."""
    return lang(TRUTHS[truth]) if truth in TRUTHS else truth


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


def byte_size(value: int, lang: Language = ENGLISH) -> str:
    """``1.42 MB``: decimal units, three significant digits."""
    size = float(value)
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(size) < 999.5:
            if unit == "bytes":
                return lang("{count} bytes", count=value)
            return f"{size:.3g} {unit}"
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


STATISTICS = {
    "heads": marked("{value} heads of {total}"),
    "fixed points": marked("{value} fixed points of {total}"),
    "tensors identical in every value read": marked("{value} of {total} tensors"),
    "z": marked("z {value}"),
    "cosine": marked("cosine {value}"),
    "increasing matches": marked("increasing matches {value}"),
    "effect of the layer that agrees most": marked(
        "effect of the layer that agrees most {value}"
    ),
    "mean cosine of held-out tokens": marked("mean cosine of held-out tokens {value}"),
    "telltales": marked("telltales {value}"),
    "log10 e": marked("log10 of the e-value {value}"),
    "share of elements with a close match": marked(
        "share of elements with a close match {value}"
    ),
}
"""Name of a number -> how it is said with what it counts."""


def statistic(item: EvidenceItem, lang: Language = ENGLISH) -> str:
    """``958 heads of 1,896``: the number with what it counts."""
    if item.value is None:
        return "–"
    said = STATISTICS.get(item.statistic)
    if said is None:
        return f"{item.statistic} {number(item.value)}"
    return lang(said, value=number(item.value), total=whole(item.n))


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
