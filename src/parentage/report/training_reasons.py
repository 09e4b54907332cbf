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
    "start-unknown": marked("The vocabulary, or a first loss, is not known."),
    "start-other-loss": marked("The loss is no cross entropy per token."),
    "start-agrees": marked(
        "The loss begins with {loss} at step {step}; a model that knows nothing has "
        "{expected}."
    ),
    "start-low": marked(
        "The loss begins with {loss} at step {step} (line {line}), below the "
        "{expected} of a model that knows nothing: it had already learned."
    ),
    "start-late": marked(
        "The first loss is {loss} at step {step}; where training began is not logged."
    ),
    "curve-short": marked(
        "{n} values of the training loss; {needed} are needed to judge its shape."
    ),
    "curve-agrees": marked(
        "The loss falls about as a power of the step and wanders {value} times as much "
        "as independent noise would."
    ),
    "curve-rises": marked("The loss does not fall."),
    "curve-formula": marked(
        "The loss follows a power law with independent noise: it wanders only "
        "{value} times as much as such noise does. That is a formula, not a training."
    ),
    "smooth-short": marked(
        "{n} values of the training loss; {needed} are needed to look for smooth "
        "stretches."
    ),
    "smooth-none": marked(
        "No stretch lacks the noise that surrounds it; the quietest is {value} times "
        "quieter."
    ),
    "smooth-found": marked(
        "{count} stretches lack the noise that surrounds them, the first from step "
        "{from} to {to}: they look interpolated or smoothed."
    ),
    "copies-none": marked("No run of values comes back at other steps."),
    "copies-within": marked(
        "{count} runs of values come back at other steps; the longest has {length} "
        "values, at step {from} and again at {other_from}."
    ),
    "copies-not-of": marked("No run of values is shared with {other}."),
    "copies-of": marked(
        "{length} values in a row from step {from} are those of {other} from its step "
        "{other_from}."
    ),
    "copies-shared": marked(
        "{length} values in a row from step {from} are those of {other}: two logs of "
        "one run, or one is a copy."
    ),
    "steps-none": marked("No loss is logged."),
    "steps-all": marked(
        "Steps {first} to {last} are there; {explained} restarts are explained."
    ),
    "steps-plain": marked(
        "Steps {first} to {last} without a gap; how many there should be is not stated."
    ),
    "steps-not-complete": marked(
        "The log is stated to be complete and has {gaps} gaps, the first before step "
        "{where} (line {line})."
    ),
    "steps-beyond": marked(
        "The log goes to step {last}, beyond the {declared} that are declared."
    ),
    "steps-unexplained": marked(
        "{gaps} gaps and {backs} steps back are not explained, the first at step "
        "{where} (line {line})."
    ),
    "steps-short": marked("The log ends at step {last} of {declared}."),
    "steps-late": marked("The log begins only at step {first}."),
    "cover-all": marked("The {logs} logs together cover steps {first} to {last}."),
    "cover-gaps": marked(
        "Between the {logs} logs {gaps} stretches are not logged, the first from step "
        "{after} to {where}."
    ),
    "cover-short": marked("The {logs} logs together end at step {last} of {declared}."),
    "jumps-short": marked("Too few values of the training loss to look for jumps."),
    "jumps-none": marked("The loss never changes its level at once."),
    "jumps-found": marked(
        "The loss changes its level at once at {count} places, first at step {step}; "
        "honest runs do so where data, epoch or learning rate change."
    ),
    "schedule-no-rates": marked("No learning rate is logged."),
    "schedule-agrees": marked(
        "The logged learning rate is the declared one ({family}, {warmup} steps of "
        "warm-up, peak {peak})."
    ),
    "schedule-differs": marked(
        "The logged learning rate is not the declared one ({family}) at {off} of the "
        "points, first at step {step} (line {line}): {logged} is logged."
    ),
    "schedule-found": marked(
        "No schedule is declared; the logged learning rate is {family}, with {warmup} "
        "steps of warm-up and peak {peak}."
    ),
    "schedule-other": marked(
        "No schedule is declared, and the logged learning rate follows no usual one; "
        "it may have been begun anew."
    ),
    "noise-unknown": marked("The batch is not stated, or there are too few values."),
    "noise-rounded": marked("The loss is rounded more coarsely than it is noisy."),
    "noise-agrees": marked(
        "The noise of the loss is {noise}; {least} is the least that {tokens} tokens "
        "per step leave."
    ),
    "noise-small": marked(
        "The noise of the loss is {noise}, less than the {least} that {tokens} tokens "
        "per step leave at least."
    ),
    "gradient-none": marked("No gradient norm is logged."),
    "gradient-few": marked("Too few gradient norms are logged."),
    "gradient-agrees": marked("{n} gradient norms, positive and changing."),
    "gradient-constant": marked(
        "The gradient norm is the same almost always, as after clipping."
    ),
    "gradient-negative": marked("The gradient norm is {least} at line {line}."),
    "gradient-copied": marked("The gradient norm repeats the column {column}."),
    "clock-none": marked("No time is logged."),
    "clock-runs": marked("Time goes on from step to step."),
    "clock-back": marked(
        "The clock ({column}) goes back by {seconds} s at step {step} (line {line}) "
        "while the steps go on."
    ),
    "clock-negative": marked("A step takes negative time at line {line}."),
    "clock-within": marked(
        "The log spans {span} hours of the {declared} that are declared."
    ),
    "clock-over": marked(
        "The log spans {span} hours, more than the {declared} that are declared."
    ),
    "throughput-agrees": marked(
        "Tokens per second times seconds per step give the batch over {devices} "
        "devices."
    ),
    "throughput-differs": marked(
        "Tokens per second times seconds per step give the batch divided by {ratio}, "
        "which is no number of devices."
    ),
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
    """A value of a fact: whole numbers in groups, others to three figures."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if math.isfinite(value) and float(value).is_integer() and abs(value) < 1e12:
        return fmt.whole(int(value))
    if math.isfinite(value) and 100 <= abs(value) < 1e6:
        return fmt.whole(round(value))
    return f"{value:.3g}"
