# SPDX-License-Identifier: Apache-2.0
"""What a check of a training record found, as a sentence: keys to texts with places."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from parentage.report import format as fmt
from parentage.report.language import ENGLISH, Language, marked

if TYPE_CHECKING:
    from parentage.report.training_document import RecordItem

REASONS: Final[Mapping[str, str]] = {
    # files
    "files-there": marked("All {n} files that the manifest names are there."),
    "files-absent": marked(
        "{count} of {n} files that the manifest names cannot be used; the first is "
        "{first}."
    ),
    "no-digests": marked("There is no list of digests."),
    "digests-equal": marked("All {equal} files have the digests that are listed."),
    "digests-differ": marked(
        "{changed} files have other bytes than were listed and {absent} are gone; the "
        "first is {first}."
    ),
    "digests-loose": marked(
        "{equal} files have their listed digests, but {unlisted} files are not listed "
        "and {malformed} lines of the list say nothing; the first is {first}."
    ),
    "no-signature": marked("Nobody signed the digests."),
    "signature-unchecked": marked(
        "There is a signature of {signer}, which was not checked here."
    ),
    # compute
    "tokens-once": marked("The number of tokens is stated once, or not at all."),
    "tokens-agree": marked(
        "Steps, batch and length give the {largest} tokens that are stated."
    ),
    "tokens-differ": marked(
        "The numbers of tokens differ: {smallest} and {largest} are both stated."
    ),
    "hardware-unknown": marked(
        "The peak of {unknown} is not known; it can be stated as peak_flops."
    ),
    "compute-unknown": marked(
        "Parameters, tokens, or hardware and hours are not stated."
    ),
    "compute-impossible": marked(
        "{flops} operations in {device_hours} device hours would take {used} times the "
        "peak of the hardware."
    ),
    "compute-unseen": marked(
        "The training would use {used} of the hardware's peak, more than has been "
        "published for any; this needs an explanation."
    ),
    "compute-idle": marked(
        "The training would use only {used} of the hardware's peak; the hours may "
        "have gone elsewhere."
    ),
    "compute-plausible": marked(
        "{flops} operations in {device_hours} device hours use {used} of the "
        "hardware's peak."
    ),
    # weights
    "not-made": marked("This check was not made."),
    "no-references": marked("No reference was named."),
    "no-final-weights": marked("There are no released weights to look at."),
    "reference-links": marked("{reference} links to the final weights: {modules}."),
    "reference-open": marked(
        "It stays open whether {reference} links to the final weights."
    ),
    "reference-clear": marked(
        "No dependence on {reference} was found in {tested} modules; an element "
        "correlation of {power} would have been found."
    ),
    # logs
    "log-unreadable": marked("The log could not be read: {error}."),
}


def said(item: RecordItem, lang: Language = ENGLISH) -> str:
    """The finding of a check as a sentence; an unknown key as it is."""
    text = REASONS.get(item.reason)
    if text is None:
        return item.reason
    values: dict[str, object] = {**item.facts, "n": item.n, "value": item.value}
    wanted = [name for _, name, _, _ in string.Formatter().parse(text) if name]
    return lang(text, **{name: shown(values.get(name)) for name in wanted})


def shown(value: object) -> str:
    """A value of a fact: whole numbers in groups, others to four figures."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if math.isfinite(value) and float(value).is_integer() and abs(value) < 1e12:
        return fmt.whole(int(value))
    if math.isfinite(value) and (abs(value) >= 1e6 or 0 < abs(value) < 1e-3):
        return f"{value:.3g}"
    return fmt.number(value, 4) if abs(value) < 10 else fmt.number(value, 1)
