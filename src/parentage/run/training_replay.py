# SPDX-License-Identifier: Apache-2.0
"""Repeats a stretch of training and holds where it ends against the record.

From a checkpoint with its optimizer state, the batches that were handed in are done
again with AdamW under the recorded learning rates. The distance between the end and the
next checkpoint is stated as a share of the way between the two checkpoints. How far two
honest repetitions end apart is measured each time, by doing the stretch once more with
the rows of every batch in the opposite order, which changes nothing but the order of
sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from parentage.errors import ParentageError
from parentage.evidence.log_subject import LogSubject
from parentage.evidence.record import Fact, RecordEvidence, Said
from parentage.run.training_points import Points, whole_of
from parentage.run.training_rates import rates_between
from parentage.run.training_torch import RerunError, batch_of, load, model_of
from parentage.stats.adam import DEFAULT_BETAS
from parentage.stats.curve_noise import difference_noise
from parentage.training.manifest import OptimizerPart, ReplayPart
from parentage.training.packet import Packet

NEAR: Final = 0.001
"""Share of the way within which a repetition agrees in any case; honest ones on one
machine came within 0.0004. See docs/training-records.md."""

FAR: Final = 0.05
"""Share of the way beyond which data, code or settings were others. Kept far from what
honest repetitions differ by: another machine or library sums in other orders."""

SAME_LOG: Final = 0.05
"""Difference of losses, over the noise of the log, within which they are the same."""

OTHER_LOG: Final = 0.3
"""The same, beyond which the log is another's. A log that is made up with the right
level and noise differs by more than 1."""

FEWEST: Final = 10
"""Logged steps of a stretch without which logs are not compared."""

SPREADS: Final = 10.0
"""Times the measured difference of repetitions that is allowed in any case."""


@dataclass(frozen=True)
class Stretch:
    """What is done again.

    Attributes:
        start, end: folders of the two checkpoints.
        state: file of the optimizer's moments at the start.
        batches: file of the batches.
        first, steps: number of the first step, and how many.
        rates: learning rate of each.
        optimizer: constants of AdamW.
    """

    start: Path
    end: Path
    state: Path
    batches: Path
    first: int
    steps: int
    rates: tuple[float, ...]
    optimizer: OptimizerPart


@dataclass(frozen=True)
class Repeated:
    """Where a repetition ended.

    Attributes:
        distance: from the later checkpoint, as a share of the way.
        spread: between two repetitions, as a share of the way.
        losses, again: of every step, in the two repetitions.
    """

    distance: float
    spread: float
    losses: tuple[float, ...] = ()
    again: tuple[float, ...] = ()


def replay_evidence(
    packet: Packet, points: Points, logs: Sequence[LogSubject], *, rerun: bool
) -> list[RecordEvidence]:
    """One result for every stretch that was handed in."""
    replays = packet.manifest.replays
    if not replays or not rerun:
        reason = "replay-not-asked" if replays else "replay-none"
        return [RecordEvidence("replay", "calibrated", "missing", "replay", reason)]
    found = []
    for part in replays:
        subject = f"step {part.from_step} to step {part.from_step + part.steps}"
        try:
            stretch = stretch_of(packet, points, logs, part)
            end = repeat(stretch)
            found.append(_judged(end, stretch, subject))
            found.append(_logged(end, stretch, subject, logs))
        except ParentageError as error:
            facts: dict[str, Fact] = {"error": str(error)}
            found.append(
                RecordEvidence(
                    "replay",
                    "calibrated",
                    "missing",
                    subject,
                    "replay-unable",
                    facts=facts,
                )
            )
    return found


def _judged(end: Repeated, stretch: Stretch, subject: str) -> RecordEvidence:
    near = max(NEAR, SPREADS * end.spread)
    far = max(FAR, SPREADS * end.spread)
    said: Said = ("missing", "replay-open")
    if end.distance <= near:
        said = ("verified", "replay-agrees")
    elif not end.distance <= far:
        said = ("contradicted", "replay-differs")
    return RecordEvidence(
        "replay",
        "calibrated",
        said[0],
        subject,
        said[1],
        statistic="distance from the checkpoint over the way",
        value=end.distance,
        threshold=near,
        n=stretch.steps,
        facts={
            "steps": stretch.steps,
            "earlier": f"step {stretch.first}",
            "later": f"step {stretch.first + stretch.steps}",
            "spread": end.spread,
        },
    )


def _logged(
    end: Repeated, stretch: Stretch, subject: str, logs: Sequence[LogSubject]
) -> RecordEvidence:
    """Whether the losses of the repetition are those of the log."""
    steps = stretch.first + np.arange(stretch.steps, dtype=np.float64)
    losses, again = np.array(end.losses), np.array(end.again)
    best: tuple[float, int] | None = None
    for log in logs:
        if log.averaged > 1:
            continue
        curve = log.series.curve("loss").last_pass()
        for shift in (0.0, 1.0):  # frameworks count the first step as 0 or 1
            known = dict(zip(curve.step - shift, curve.value, strict=True))
            rows = [i for i, step in enumerate(steps) if step in known]
            if len(rows) < FEWEST:
                continue
            logged = np.array([known[steps[i]] for i in rows])
            off = float(np.sqrt(np.mean((logged - losses[rows]) ** 2)))
            ratio = off / max(difference_noise(logged), 1e-9)
            if best is None or ratio < best[0]:
                best = ratio, len(rows)
    if best is None:
        return RecordEvidence(
            "replay-log", "calibrated", "missing", subject, "replay-log-none"
        )
    spread = float(np.sqrt(np.mean((losses - again) ** 2)))
    scale = max(difference_noise(losses), 1e-9)
    room = SPREADS * spread / scale
    said: Said = ("missing", "replay-log-open")
    if best[0] <= max(SAME_LOG, room):
        said = ("verified", "replay-log-agrees")
    elif best[0] > max(OTHER_LOG, room):
        said = ("contradicted", "replay-log-differs")
    return RecordEvidence(
        "replay-log",
        "calibrated",
        said[0],
        subject,
        said[1],
        statistic="difference of losses over the noise of the log",
        value=best[0],
        threshold=max(SAME_LOG, room),
        n=best[1],
    )


def stretch_of(
    packet: Packet, points: Points, logs: Sequence[LogSubject], part: ReplayPart
) -> Stretch:
    """What a stretch of the manifest consists of.

    Raises:
        RerunError: something of it is missing, or cannot be done here.
    """
    first, last = part.from_step, part.from_step + part.steps
    by_step = {p.step: p for p in points.checkpoints}
    start, end = by_step.get(first), by_step.get(last)
    batches = packet.usable(part.batches)
    if start is None or end is None or start.optimizer is None or batches is None:
        raise RerunError(
            "lacks a checkpoint, its optimizer state or the batches",
            file=part.batches[:200],
            expected=f"checkpoints at steps {first} and {last}",
        )
    stage = next(
        (
            s
            for s in packet.manifest.stages
            if s.first_step <= first
            and (s.steps is None or last <= s.first_step + s.steps)
        ),
        None,
    )
    rates = rates_between(packet.manifest, logs, first, last)
    if stage is None or stage.optimizer is None or rates is None:
        raise RerunError(
            "has no optimizer or no learning rates for these steps",
            file=part.batches[:200],
        )
    if stage.optimizer.name.lower() != "adamw":
        raise RerunError(
            f"the optimizer is {stage.optimizer.name[:80]}", expected="adamw"
        )
    return Stretch(
        whole_of(start),
        whole_of(end),
        start.optimizer,
        batches,
        first,
        part.steps,
        tuple(float(r) for r in rates.values),
        stage.optimizer,
    )


def repeat(stretch: Stretch) -> Repeated:
    """Do a stretch twice and measure where it ends.

    Raises:
        RerunError: it cannot be done: something is missing, or does not fit.
    """
    torch = load("torch")
    try:
        first, losses = _trained(stretch, backwards=False)
        second, again = _trained(stretch, backwards=True)
        start = _parameters(stretch.start)
        end = _parameters(stretch.end)
    except ParentageError:
        raise
    except Exception as error:  # whatever torch makes of files that do not fit
        raise RerunError(f"failed: {str(error)[:200]}") from error

    def apart(a: dict[str, Any], b: dict[str, Any]) -> float:
        total = sum(float(((a[n] - b[n]).double() ** 2).sum()) for n in a)
        return float(torch.tensor(total).sqrt())

    way = apart(start, end)
    if not way > 0:
        raise RerunError("the two checkpoints are the same")
    return Repeated(
        apart(first, end) / way,
        apart(first, second) / way,
        tuple(losses),
        tuple(again),
    )


def _parameters(folder: Path) -> dict[str, Any]:
    return {n: p.detach().clone() for n, p in model_of(folder).named_parameters()}


def _trained(
    stretch: Stretch, *, backwards: bool
) -> tuple[dict[str, Any], list[float]]:
    torch, safetensors = load("torch"), load("safetensors")
    model = model_of(stretch.start)
    model.train()
    how = stretch.optimizer
    losses: list[float] = []
    with ExitStack() as stack:
        state = stack.enter_context(safetensors.safe_open(stretch.state, "pt"))
        batches = stack.enter_context(safetensors.safe_open(stretch.batches, "pt"))
        held = set(state.keys())
        trained = {
            name: p
            for name, p in model.named_parameters()
            if f"{name}.exp_avg" in held and f"{name}.exp_avg_sq" in held
        }
        if not trained:
            raise RerunError("holds no moments of this model", file=stretch.state.name)
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name in trained)
        optimiser = torch.optim.AdamW(
            trained.values(),
            lr=stretch.rates[0],
            betas=how.betas or DEFAULT_BETAS,
            eps=how.epsilon or 1e-8,
            weight_decay=how.weight_decay or 0.0,
        )
        done = float((state.metadata() or {}).get("step", stretch.first))
        for name, parameter in trained.items():
            optimiser.state[parameter] = {
                "step": torch.tensor(done),
                "exp_avg": state.get_tensor(f"{name}.exp_avg"),
                "exp_avg_sq": state.get_tensor(f"{name}.exp_avg_sq"),
            }
        for i in range(stretch.steps):
            batch = batch_of(batches, stretch.first + i)
            if backwards:
                batch = {k: v.flip(0) for k, v in batch.items()}
            for group in optimiser.param_groups:
                group["lr"] = stretch.rates[i]
            loss = model(**batch).loss
            loss.backward()
            losses.append(float(loss.detach()))
            if how.gradient_clip:
                torch.nn.utils.clip_grad_norm_(
                    list(trained.values()), how.gradient_clip
                )
            optimiser.step()
            optimiser.zero_grad()
    return {n: p.detach().clone() for n, p in model.named_parameters()}, losses
