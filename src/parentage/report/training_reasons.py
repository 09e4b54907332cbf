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
        "There is a signature of {signer}; no key was given to check it with (--key)."
    ),
    "signature-unreadable": marked("The signature could not be read: {error}"),
    "signature-good": marked(
        "{owner} signed this list of digests (key {key}), by their own word on "
        "{signed_on}."
    ),
    "signature-own-key": marked(
        "The key that the packet holds itself ({key}) signed this list of digests. "
        "Whose it is, only a key that is known from elsewhere shows (--key)."
    ),
    "signature-expired": marked(
        "The key {key} of {owner} signed it, and may not be used on {when}: it is from "
        "{start} to {end}."
    ),
    "signature-other-list": marked(
        "{owner} signed another list of digests ({signed}, of {model}) than the one "
        "that is there ({listed}): the list was changed, or the signature is that of "
        "another packet."
    ),
    "signature-broken": marked(
        "The signature does not match: what was signed with {named} was changed "
        "afterwards."
    ),
    "signature-other-key": marked(
        "None of the given keys ({given}) made the signature; it names {named}."
    ),
    "signature-kind": marked("What was signed is no list of digests: {error}"),
    "signature-keyless": marked("The keyless signature does not count: {error}"),
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
    "step-0-absent": marked("There are no weights of step 0."),
    "step-0-empty": marked("Step 0 holds no matrix that could be measured."),
    "step-0-random": marked(
        "All {matrices} matrices of step 0 look like independent draws; {constant} "
        "vectors are constant and {drawn_vectors} are draws. Scheme of the library: "
        "{scheme}."
    ),
    "step-0-structured": marked(
        "{beyond} matrices of step 0 hold what independent draws do not, first "
        "{tensor} ({test}): they were trained, or made from something that was."
    ),
    "step-0-varied": marked(
        "{varied} vectors of step 0 are neither constant nor independent draws, first "
        "{tensor}: they were trained, or the initialiser is an unusual one."
    ),
    "step-0-undeclared": marked(
        "{off} matrices of step 0 are drawn otherwise than declared, first {tensor} "
        "({differs}; {std} found, {declared_std} declared)."
    ),
    "weights-unreadable": marked("These weights could not be read: {error}"),
    "chain-short": marked("There are too few sets of weights for a chain."),
    "chain-no-start": marked(
        "Without step 0 the chain does not begin with random weights."
    ),
    "chain-links": marked(
        "All {pairs} pairs of neighbours link in all {modules} modules, the weakest "
        "with an element correlation of {least}, and step 0 links to the end "
        "({ends})."
    ),
    "chain-far": marked(
        "{module} does not link from {earlier} to {later}, and so much may have been "
        "learned between them that this says nothing; checkpoints closer together "
        "would."
    ),
    "chain-open": marked(
        "It stays open whether {module} links from {earlier} to {later}."
    ),
    "chain-broken": marked(
        "{module} does not link from {earlier} to {later} (element correlation "
        "{effect}; {power} would have been found): it was replaced or drawn anew "
        "between the two."
    ),
    "chain-ends-apart": marked(
        "{module} links from point to point, but not from {earlier} to {later}: "
        "{expected} was to be expected, {effect} is found. Mixtures of two models "
        "look like this."
    ),
    "tensors-none": marked("There are no matrices large enough to follow one by one."),
    "tensors-agree": marked(
        "Every matrix goes on from point to point; {tensor} changes most from "
        "{earlier} to {later} (element correlation {value})."
    ),
    "tensors-replaced": marked(
        "{replaced} matrices have nothing to do with what they were, first {tensor} "
        "from {earlier} to {later} (element correlation {value}): they were replaced."
    ),
    "tensors-far": marked(
        "{tensor} has little in common with itself from {earlier} to {later} (element "
        "correlation {value}); checkpoints closer together would tell why."
    ),
    "order-short": marked("There are too few checkpoints to compare their order."),
    "order-agrees": marked(
        "Points nearer in time are nearer in weights; the correlation with step 0 "
        "goes from {from} to {to}."
    ),
    "order-wrong": marked(
        "The order is not that of a training: {first}, {middle} and {last} lie "
        "{value} times further apart than they may."
    ),
    "order-still": marked(
        "{earlier} and {later} are the same weights, although steps with a learning "
        "rate lie between them."
    ),
    "lines-short": marked(
        "There are too few moves between checkpoints to compare their directions."
    ),
    "lines-none": marked(
        "No three moves in a row lie on one line; {module} comes nearest, with a "
        "cosine of {value}."
    ),
    "lines-found": marked(
        "{module} moves on a straight line from {first} to {last} (cosine {value}): "
        "these checkpoints are mixtures of two models."
    ),
    "motion-unknown": marked(
        "Steps, learning rates or an optimizer of the Adam kind are not known."
    ),
    "motion-possible": marked(
        "No element moved further than the optimizer can move it; {tensor} used "
        "{used} of the bound from {earlier} to {later}."
    ),
    "motion-impossible": marked(
        "{tensor} moved {used} times as far from {earlier} to {later} as the stated "
        "optimizer and learning rates can move it."
    ),
    "optimizer-none": marked(
        "There is no optimizer state that could be held against a motion."
    ),
    "optimizer-unreadable": marked("The optimizer state could not be read: {error}"),
    "optimizer-agrees": marked(
        "The stored moments point where the weights went (correlation {value})."
    ),
    "optimizer-other": marked(
        "The stored moments do not point where the weights went (correlation "
        "{value}): they are those of another run or step."
    ),
    "optimizer-weak": marked(
        "The stored moments do not visibly point where the weights went (correlation "
        "{value}); with no motion after them, or only over many steps, that says "
        "nothing."
    ),
    "optimizer-impossible": marked(
        "The stored moments cannot be Adam's: the largest step is {largest} and can "
        "be {limit}; {negative} second moments are impossible."
    ),
    "state-gradients-none": marked(
        "No gradient norms of every step beside an optimizer state, or its constants "
        "are not declared."
    ),
    "state-gradients-agree": marked(
        "The second moments at {n} checkpoints are those that the logged gradient "
        "norms lead to (ratio {value} at {point})."
    ),
    "state-gradients-part": marked(
        "The states hold {value} of what the logged gradient norms lead to at "
        "{point}; parameters outside of the model may hold the rest."
    ),
    "state-gradients-open": marked(
        "The states hold {value} times what the logged gradient norms lead to at "
        "{point}; one factor for all of them, or an undeclared clipping, explains that."
    ),
    "state-gradients-differ": marked(
        "The states hold {value} times what the logged gradient norms lead to at "
        "{point}: the gradients of this training were others."
    ),
    "released-nothing": marked("Nothing of the released weights could be compared."),
    "released-equal": marked(
        "All {elements} values compared ({share} of the model) are those of {last}, "
        "in {format}."
    ),
    "released-partly": marked(
        "All {elements} values compared are those of {last}, but {left_out} tensors "
        "are not in both."
    ),
    "released-changed": marked(
        "{value} of the values compared are those of {last}; the released weights "
        "were changed afterwards ({modules}), by averaging or more training for "
        "instance, which the record does not hold."
    ),
    "released-later": marked(
        "The last checkpoint is {last}; training went on after it, and {value} of the "
        "released values are equal."
    ),
    "released-other": marked(
        "{module} of the released weights has nothing to do with {last}: the record "
        "ends in another model."
    ),
    "reference-shares-start": marked(
        "{reference} and this model began from the same random weights, and share no "
        "more: step 0 lies between them (element correlations {own} and {other}; "
        "{product} follows for the two, {both} is found). This is no descent."
    ),
    "reference-since": marked(
        "{reference} links to the final weights ({modules}); {module} does not link "
        "at {earlier} and does at {later}."
    ),
    "reference-at-start": marked(
        "{reference} links to step 0 ({modules}), although not to the final weights."
    ),
    "replay-log-agrees": marked(
        "The losses of the repetition are those of the log at {n} steps; they differ "
        "by {value} of the noise of the log."
    ),
    "replay-log-differs": marked(
        "The losses of the repetition are not those of the log at {n} steps: they "
        "differ by {value} times the noise of the log. The log is not that of these "
        "weights."
    ),
    "replay-log-open": marked(
        "The losses of the repetition differ from the log by {value} of its noise, "
        "which is neither near enough nor far enough."
    ),
    "replay-log-none": marked("No loss is logged for the steps that were done again."),
    "replay-none": marked("No stretch is handed in to be repeated."),
    "replay-not-asked": marked(
        "A stretch could be repeated; this was not asked for (--rerun)."
    ),
    "replay-unable": marked("The stretch could not be repeated: {error}"),
    "replay-agrees": marked(
        "{steps} steps from {earlier} were done again and end {value} of the way's "
        "length from {later}; repetitions in another order of sums differ by "
        "{spread}."
    ),
    "replay-differs": marked(
        "{steps} steps from {earlier} were done again and end {value} of the way's "
        "length from {later}; repetitions differ by no more than {spread}. Data, code "
        "or settings were others."
    ),
    "replay-open": marked(
        "{steps} steps from {earlier} were done again and end {value} of the way's "
        "length from {later}, which is neither near enough nor far enough ({spread} "
        "between repetitions)."
    ),
    "memory-no-batches": marked(
        "No batches are handed in that checkpoints could be asked about."
    ),
    "memory-not-asked": marked(
        "Checkpoints could be asked about the batches; this was not asked for "
        "(--rerun)."
    ),
    "memory-unable": marked("The batches could not be asked about: {error}"),
    "memory-few": marked(
        "{n} batches of {stretches} stretches; {needed} of three are needed."
    ),
    "memory-own": marked(
        "The loss falls most on each stretch's own batches: {value} standard "
        "deviations above the mean of all ({n} batches of {stretches} stretches, "
        "p = {p})."
    ),
    "memory-none": marked(
        "The loss does not visibly fall more on a stretch's own batches ({value} "
        "standard deviations over {n} batches, p = {p})."
    ),
    "memory-other": marked(
        "The batches were read in another order than claimed: those of {claimed} are "
        "remembered at {instead} (p = {best_p}; of the claimed order {p})."
    ),
    "segment-log-none": marked("No loss of single steps is logged beside the batches."),
    "segment-log-same": marked(
        "The logged losses are those of the batches (correlation {value} over {n} "
        "steps); at the checkpoints' own steps they differ by {off} of the log's noise."
    ),
    "segment-log-agrees": marked(
        "Batches that are harder for the checkpoints have a higher logged loss "
        "(correlation {value} over {n} steps)."
    ),
    "segment-log-open": marked(
        "Logged losses and those of the batches hardly agree (correlation {value} over "
        "{n} steps)."
    ),
    "segment-log-differs": marked(
        "The logged losses are not those of the batches (correlation {value} over {n} "
        "steps, where honest records have {least} or more): the log was written "
        "without them."
    ),
    "seed-none": marked("No seed, or no framework that can be called, is declared."),
    "seed-not-asked": marked(
        "The seed could draw step 0 again; this was not asked for (--rerun)."
    ),
    "seed-unable": marked("Step 0 could not be drawn again: {error}"),
    "seed-equal": marked(
        "Seed {seed} draws all {elements} values of step 0 again, bit by bit, with "
        "{framework}."
    ),
    "seed-differs": marked(
        "Seed {seed} draws other values with {framework}: {equal} of the values are "
        "equal. Another version may draw in another order."
    ),
    "seed-common": marked(
        "Step 0 is what {framework} draws from seed {seed}, as anybody's model with "
        "this seed and shape."
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
    "curve-below-zero": marked(
        "The loss goes down to {lowest}, below zero, as no cross entropy does; losses "
        "of rewards do."
    ),
    "loss-below-zero": marked(
        "The loss takes values below zero, as losses of rewards do; how honest ones "
        "look is not known."
    ),
    "curve-rises": marked("The loss does not fall."),
    "curve-formula": marked(
        "The loss follows a power law with independent noise: it wanders only "
        "{value} times as much as such noise does. That is a formula, not a training."
    ),
    "fall-unknown": marked(
        "Parameters, an optimizer of the Adam kind, or loss, gradient norm and "
        "learning rate of the first steps are not known."
    ),
    "fall-thinned": marked(
        "The first steps are not logged one by one, or the gradient norm is that after "
        "clipping."
    ),
    "fall-possible": marked(
        "The loss falls no faster at the start than the optimizer can bring it down; "
        "it uses {value} of the bound from step {from} to {to}."
    ),
    "fall-impossible": marked(
        "The loss falls {value} times as fast from step {from} to {to} as the logged "
        "gradients and learning rates can bring it down."
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
    "coupling-few": marked(
        "{n} steps with a loss and a gradient norm; {needed} are needed to hold them "
        "against each other."
    ),
    "coupling-constant": marked("The gradient norm hardly changes."),
    "coupling-agrees": marked(
        "Steps with a higher loss have longer gradients (correlation {value} over {n} "
        "steps)."
    ),
    "coupling-open": marked(
        "Loss and gradient norm hardly move together (correlation {value} over {n} "
        "steps); with so few steps, lines that stand for several, or a batch that is "
        "not stated or above half a million tokens, this says nothing."
    ),
    "coupling-none": marked(
        "Loss and gradient norm do not move together (correlation {value} over {n} "
        "steps, where honest logs have {least} or more): the loss was not that of the "
        "batches that made the gradients."
    ),
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
