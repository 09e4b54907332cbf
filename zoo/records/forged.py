# SPDX-License-Identifier: Apache-2.0
"""Records that were tampered with, each made from an honest one and a stranger.

The stranger is a run of the same network from another seed: the model that was taken.
Every forgery seals its packet anew, as whoever forges would.
"""

from __future__ import annotations

import itertools
import math
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from zoo.records.synthesis import WAYS, norms_for

from parentage.run.fingerprint import fingerprint, write_fingerprint
from parentage.training.digests import write_digests
from parentage.training.packet import open_packet

Tensors = dict[str, torch.Tensor]

FILE = "model.safetensors"


def steps_of(packet: Path) -> list[int]:
    """Steps of the checkpoints, step 0 among them."""
    names = [p.name.removeprefix("step-") for p in (packet / "checkpoints").iterdir()]
    return sorted(int(n) for n in names)


def weights(packet: Path, step: int | None) -> Tensors:
    """Weights of a step, or the released ones."""
    part = "released" if step is None else f"checkpoints/step-{step}"
    return load_file(packet / part / FILE)


def write(packet: Path, step: int | None, tensors: Tensors) -> None:
    """Replace the weights of a step, or the released ones (in bfloat16)."""
    part = "released" if step is None else f"checkpoints/step-{step}"
    kind = torch.bfloat16 if step is None else torch.float32
    held = {n: t.to(kind).contiguous() for n, t in tensors.items()}
    save_file(held, packet / part / FILE, metadata={"format": "pt"})


def is_taken(name: str, names: Tensors) -> bool:
    """Whether a tensor belongs to the module that forgeries take: the encoder."""
    if any("vision_tower" in n for n in names):
        return "vision_tower" in name
    return ".layers." in name or ".h." in name


def mixed(own: Tensors, other: Tensors) -> Tensors:
    """Own weights with the stranger's encoder (of language models, their layers)."""
    return {n: other[n] if is_taken(n, own) else t for n, t in own.items()}


def drop_states(packet: Path) -> None:
    """Leave the optimizer states out, as who cannot make them would."""
    shutil.rmtree(packet / "optimizer", ignore_errors=True)
    file = packet / "packet.toml"
    lines = file.read_text("utf-8").splitlines()
    kept = [line for line in lines if not line.startswith('optimizer = "optimizer/')]
    file.write_text("\n".join(kept) + "\n", "utf-8")


def fine_tune(packet: Path, stranger: Path) -> None:
    """A stranger trained on a little, behind a step 0 that it did not begin from."""
    steps = steps_of(packet)[1:]
    sources = steps_of(stranger)[2:]
    for step, source in zip(steps, [*sources, sources[-1]], strict=False):
        write(packet, step, weights(stranger, source))
        shutil.copy(
            stranger / f"optimizer/step-{source}.safetensors",
            packet / f"optimizer/step-{step}.safetensors",
        )
    last = weights(stranger, sources[-1])
    rng = torch.Generator().manual_seed(0)
    for name, tensor in last.items():
        if tensor.is_floating_point() and tensor.ndim > 1:
            noise = torch.randn(tensor.shape, generator=rng)
            last[name] = tensor + 0.02 * tensor.std() * noise
    write(packet, steps[-1], last)
    write(packet, None, last)


def transplant(packet: Path, stranger: Path) -> None:
    """The stranger's encoder from the middle of the run on."""
    for step in steps_of(packet):
        if step >= 350:
            write(packet, step, mixed(weights(packet, step), weights(stranger, step)))
    last = steps_of(packet)[-1]
    write(packet, None, weights(packet, last))


def interpolated(packet: Path, stranger: Path) -> None:
    """Mixtures of step 0 and the stranger's end, without optimizer states."""
    steps = steps_of(packet)
    start, end = weights(packet, 0), weights(stranger, steps_of(stranger)[-1])
    for step in steps[1:]:
        share = (step / steps[-1]) ** 0.5
        point = {n: t + share * (end[n] - t) for n, t in start.items()}
        write(packet, step, point)
    write(packet, None, end)
    drop_states(packet)


def bent(packet: Path, stranger: Path) -> None:
    """The same on a bent way, with noise on every point."""
    steps = steps_of(packet)
    start, end = weights(packet, 0), weights(stranger, steps_of(stranger)[-1])
    rng = torch.Generator().manual_seed(1)
    for step in steps[1:-1]:
        angle = 0.5 * math.pi * (step / steps[-1]) ** 0.5
        point = {}
        for name, tensor in start.items():
            made = math.cos(angle) * tensor + math.sin(angle) * end[name]
            if tensor.ndim > 1:
                noise = torch.randn(tensor.shape, generator=rng)
                made = made + 0.1 * tensor.std() * noise
            point[name] = made
        write(packet, step, point)
    write(packet, steps[-1], end)
    write(packet, None, end)
    drop_states(packet)


def reversed_order(packet: Path, stranger: Path) -> None:
    """The checkpoints between step 0 and the end, in the opposite order."""
    del stranger
    steps = steps_of(packet)[1:-1]
    held = [weights(packet, step) for step in steps]
    for step, tensors in zip(steps, reversed(held), strict=True):
        write(packet, step, tensors)


def copied_log(packet: Path, stranger: Path) -> None:
    """The stranger's logs beside the own weights."""
    held: dict[int, str] = {}
    for file in sorted((stranger / "logs").iterdir()):
        for line in file.read_text("utf-8").split()[1:]:
            held[int(line.split(",", 1)[0])] = line
    for file in (packet / "logs").iterdir():
        head, *lines = file.read_text("utf-8").split()
        steps = [int(line.split(",", 1)[0]) for line in lines]
        taken = [held[s] for s in range(min(steps), max(steps) + 1)]
        file.write_text("\n".join([head, *taken]) + "\n", "utf-8")


def _rewritten(packet: Path, stranger: Path, way: str, *, norms: bool = False) -> None:
    """Losses of every log made up in a way of :data:`~zoo.records.synthesis.WAYS`."""
    rng = np.random.default_rng(0)
    files = sorted((packet / "logs").iterdir())
    others = sorted((stranger / "logs").iterdir())
    for file, another in zip(files, itertools.cycle(others), strict=False):
        head, *rows = file.read_text("utf-8").split()
        cells = [row.split(",") for row in rows]
        table = np.array([[float(c) for c in row[:4]] for row in cells])
        taken = another.read_text("utf-8").split()[1:]
        theirs = np.array([float(row.split(",")[1]) for row in taken])
        made = WAYS[way](table[:, 0], table[:, 1], theirs, rng)
        length = norms_for(made, table[:, 3], rng) if norms else table[:, 3]
        text = [
            ",".join([c[0], f"{v:.5f}", c[2], f"{g:.4f}", *c[4:]])
            for c, v, g in zip(cells, made, length, strict=True)
        ]
        file.write_text("\n".join([head, *text]) + "\n", "utf-8")


def synthetic_curve(packet: Path, stranger: Path) -> None:
    """Losses by a power law with independent noise."""
    _rewritten(packet, stranger, "power law")


def shuffled_noise(packet: Path, stranger: Path) -> None:
    """The own losses, smoothed, with their noise shuffled."""
    _rewritten(packet, stranger, "own curve, noise shuffled")


def synthetic_columns(packet: Path, stranger: Path) -> None:
    """Losses and gradient norms made up together."""
    _rewritten(packet, stranger, "power law after warm-up", norms=True)


def _segments(packet: Path) -> list[Path]:
    return sorted(
        (packet / "segments").iterdir(), key=lambda f: int(f.stem.split("-")[1])
    )


def order_reversed(packet: Path, stranger: Path) -> None:
    """Batches claimed for the stretches in the opposite order."""
    del stranger
    files = _segments(packet)
    held = [load_file(file) for file in files]
    for file, mine, other in zip(files, held, held[::-1], strict=True):
        save_file(dict(zip(sorted(mine), _in_order(other), strict=True)), file)


def _in_order(held: Mapping[str, torch.Tensor]) -> list[torch.Tensor]:
    return [held[key].clone() for key in sorted(held)]


def foreign_batches(packet: Path, stranger: Path) -> None:
    """Batches of another run, under the steps of this one."""
    for file, other in zip(_segments(packet), _segments(stranger), strict=True):
        held = _in_order(load_file(other))
        save_file(dict(zip(sorted(load_file(file)), held, strict=True)), file)


def steps_removed(packet: Path, stranger: Path) -> None:
    """Sixty lines taken out of the first log."""
    del stranger
    file = min((packet / "logs").iterdir())
    lines = file.read_text("utf-8").splitlines()
    file.write_text("\n".join(lines[:180] + lines[240:]) + "\n", "utf-8")


def renamed(packet: Path, stranger: Path) -> None:
    """The stranger's checkpoints between the own step 0 and the own end."""
    for step in steps_of(packet)[1:-1]:
        write(packet, step, weights(stranger, step))
        state = f"optimizer/step-{step}.safetensors"
        shutil.copy(stranger / state, packet / state)


def inserted_at_end(packet: Path, stranger: Path) -> None:
    """The own run, and the stranger's encoder in its last checkpoint."""
    last = steps_of(packet)[-1]
    made = mixed(weights(packet, last), weights(stranger, steps_of(stranger)[-1]))
    write(packet, last, made)
    write(packet, None, made)


def inserted_released(packet: Path, stranger: Path) -> None:
    """The own run, and the stranger's encoder in the released weights alone."""
    last = steps_of(packet)[-1]
    end = weights(stranger, steps_of(stranger)[-1])
    write(packet, None, mixed(weights(packet, last), end))


def foreign_states(packet: Path, stranger: Path) -> None:
    """The own checkpoints with the stranger's optimizer states."""
    for file in (stranger / "optimizer").iterdir():
        shutil.copy(file, packet / "optimizer" / file.name)


def trained_start(packet: Path, stranger: Path) -> None:
    """A step 0 that is the stranger's early checkpoint, cut off from what it was."""
    write(packet, 0, weights(stranger, steps_of(stranger)[1]))


FORGERIES: Mapping[str, Callable[[Path, Path], None]] = {
    "fine-tune behind a random step 0": fine_tune,
    "transplant at mid-run": transplant,
    "interpolated to a foreign end": interpolated,
    "bent and noisy way to a foreign end": bent,
    "checkpoints reversed": reversed_order,
    "another model's checkpoints renamed": renamed,
    "encoder inserted in the last checkpoint": inserted_at_end,
    "encoder inserted in the released weights": inserted_released,
    "optimizer states of another run": foreign_states,
    "step 0 that was trained": trained_start,
    "copied log of another run": copied_log,
    "loss curve synthesised": synthetic_curve,
    "noise of the loss shuffled": shuffled_noise,
    "loss and gradient norm synthesised": synthetic_columns,
    "data claimed in reverse": order_reversed,
    "data of another run": foreign_batches,
    "log with steps removed": steps_removed,
}
"""What was done -> how."""


NEEDS_DATA = frozenset({"data claimed in reverse", "data of another run"})
"""Forgeries of records that batches were handed in with."""


def applies(name: str, packet: Path) -> bool:
    """Whether a record holds what a forgery changes."""
    return name not in NEEDS_DATA or (packet / "segments").exists()


def forge(name: str, packet: Path, stranger: Path, target: Path) -> Path:
    """Copy a packet and tamper with the copy.

    Args:
        name: a key of :data:`FORGERIES`.
        packet: the honest record.
        stranger: a record of the same network from another seed.
        target: where the forged one goes; replaced if it is there.
    """
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(packet, target)
    FORGERIES[name](target, stranger)
    write_digests(open_packet(target))
    return target


def as_fingerprints(packet: Path, target: Path) -> Path:
    """A copy of a record that holds fingerprints in place of all but the released."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(
        packet, target, ignore=shutil.ignore_patterns("checkpoints", "optimizer")
    )
    drop_states(target)
    file = target / "packet.toml"
    text = file.read_text("utf-8")
    (target / "fingerprints").mkdir()
    for step in steps_of(packet):
        made = fingerprint(packet / f"checkpoints/step-{step}", name=f"step {step}")
        write_fingerprint(made, target / f"fingerprints/step-{step}.fp")
        text = text.replace(
            f'weights = "checkpoints/step-{step}"\n',
            f'fingerprint = "fingerprints/step-{step}.fp"\n',
        )
    file.write_text(text, "utf-8")
    write_digests(open_packet(target))
    return target
