# SPDX-License-Identifier: Apache-2.0
"""Step 0 of a training record: held against independent draws."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from parentage.evidence.checkpoint_initial import Weights, initial_evidence, measure
from parentage.evidence.record import RecordEvidence
from parentage.registry.fingerprint import Fingerprint
from parentage.run.offline import HeldReader
from parentage.run.training_points import Points
from parentage.training.packet import Packet

SUBJECT: Final = "step 0"

OUTPUT_LAST: Final = frozenset({"o_proj", "down_proj", "fc_out"})
"""Roles whose canonical axes end in the output; of all others the last is an input."""


def start_evidence(packet: Packet, points: Points, *, seed: int) -> RecordEvidence:
    """Whether step 0 is an initialisation, and the one that is declared."""
    start = points.start
    if start is None:
        return RecordEvidence(
            "step-0", "calibrated", "missing", SUBJECT, "step-0-absent"
        )
    matrices, constant, varied = measure(step_0_weights(start.made), seed=seed)
    made = start.made
    sizes = [
        t.shape[t.axes.index("residual")]
        for m in made.held.modules
        for t in m.tensors
        if "residual" in t.axes
    ]
    return initial_evidence(
        SUBJECT,
        matrices,
        constant,
        varied,
        declared=packet.manifest.initialisation,
        width=max(set(sizes), key=sizes.count) if sizes else 1,
        layers=max((m.layers for m in made.modules), default=1),
    )


def step_0_weights(made: Fingerprint) -> Iterator[Weights]:
    """The values held of each tensor, as matrices with outputs or inputs in rows."""
    reader = HeldReader(made)
    for module in made.held.modules:
        for tensor in module.tensors:
            tile = made.tile(tensor)
            if tile is None:
                continue
            values = reader.rectangle(tensor, tile.cut)
            last = tensor.shape[-1]
            inputs = last
            if tensor.role in OUTPUT_LAST:
                inputs = tensor.size // max(last, 1)
            if values.ndim > 1 and not tensor.role.endswith("bias"):
                values = values.reshape(-1, values.shape[-1])
            else:
                values = values.reshape(-1)
            yield Weights(
                tensor.view.tensor,
                tensor.role,
                tensor.layer,
                inputs,
                values,
                tile.dtype,
            )
