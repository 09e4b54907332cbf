# SPDX-License-Identifier: Apache-2.0
"""Which pieces of a record are there, and what those that are missing would show."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from parentage.training.manifest import Manifest, StagePart
from parentage.training.packet import Packet

MIN_CHECKPOINTS = 3
"""Fewer leave stretches too long for a replacement in the middle to be dated."""


@dataclass(frozen=True)
class Piece:
    """One piece of a record.

    Attributes:
        id: such as ``step-0``.
        title: its name for people.
        shows: what it shows that is not shown without it.
        needed: whether a record without it cannot support training from its own
            initial weights.
    """

    id: str
    title: str
    shows: str
    needed: bool


@cache
def pieces() -> Mapping[str, Piece]:
    """All pieces by id, in the order in which they are listed."""
    text = resources.files("parentage.training").joinpath("pieces.toml")
    data = tomllib.loads(text.read_text("utf-8"))
    return MappingProxyType({name: Piece(name, **row) for name, row in data.items()})


def present(packet: Packet) -> dict[str, bool]:
    """For every piece whether the packet has it; nothing is checked yet."""
    m = packet.manifest
    start, first = m.initialisation, _first(m)

    def there(*paths: str | None) -> bool:
        return any(packet.usable(path) is not None for path in paths)

    points = [p for p in m.checkpoints if there(p.weights, p.fingerprint)]
    data = first.data if first else None
    return {
        "step-0": start is not None and there(start.weights, start.fingerprint),
        "initialiser": start is not None
        and start.seed is not None
        and (start.framework is not None or start.code is not None),
        "checkpoints": len(points) >= MIN_CHECKPOINTS,
        "released": there(m.model.released),
        "log": first is not None and any(there(log.path) for log in first.logs),
        "schedule": first is not None
        and first.schedule is not None
        and first.optimizer is not None,
        "batch": first is not None
        and None not in (first.batch_size, first.sequence_length, first.steps),
        "size": None not in (m.model.parameters, m.model.vocabulary),
        "data": data is not None and data.tokens is not None and bool(data.sources),
        "order": (
            data is not None and (data.order_seed is not None or there(data.order))
        )
        or there(*(s.batches for s in m.segments)),
        "hardware": bool(m.stages) and all(s.hardware for s in m.stages),
        "tokenizer": m.tokenizer is not None
        and (m.tokenizer.trained_by or m.tokenizer.taken_from) is not None,
        "software": bool(m.software),
        "code": m.code is not None
        and (m.code.commit is not None or there(m.code.archive)),
        "digests": (packet.folder / m.digests).is_file(),
        "signature": m.signature is not None and there(m.signature.envelope),
    }


def _first(manifest: Manifest) -> StagePart | None:
    """The stage that claims to begin from random weights."""
    return next((s for s in manifest.stages if s.kind == "pretraining"), None)
