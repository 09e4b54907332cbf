# SPDX-License-Identifier: Apache-2.0
"""Looks a packet over while it is being filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from parentage.report.training_check import FileItem, TrainingCheck
from parentage.report.training_document import PieceItem, RecordItem
from parentage.run.lineage_frame import clock, frame
from parentage.run.training_files import file_evidence
from parentage.run.training_signature import Trust
from parentage.training.digests import write_digests
from parentage.training.packet import ManifestError, open_packet
from parentage.training.pieces import pieces, present
from parentage.training.template import write_template


def start_packet(folder: str | Path, *, command: Sequence[str] = ()) -> TrainingCheck:
    """Write a template if there is no manifest yet, and look the packet over.

    Raises:
        PacketError: the folder cannot be written.
    """
    written = write_template(Path(folder))
    return check_packet(folder, command=command, written=written)


def seal_packet(folder: str | Path, *, command: Sequence[str] = ()) -> TrainingCheck:
    """Write the digests of every file of a packet, and look it over.

    Raises:
        PacketError: the manifest is malformed, or a file cannot be read.
    """
    write_digests(open_packet(folder))
    return check_packet(folder, command=command)


def check_packet(
    folder: str | Path,
    *,
    trust: Trust | None = None,
    command: Sequence[str] = (),
    written: bool = False,
) -> TrainingCheck:
    """What is wrong with a packet's manifest, and what the packet lacks.

    Mistakes in the manifest are part of the answer.

    Args:
        folder: the packet.
        trust: whose signature counts; digests and signature are checked if there is
            any.
        command: how it was called, for the document.
        written: whether its template was written just now.

    Raises:
        PacketError: there is no packet.
        AttestationError: a key of ``trust`` is malformed.
    """
    started = clock()
    try:
        packet = open_packet(folder)
    except ManifestError as error:
        return TrainingCheck(
            schema="parentage.training-check/1",
            **frame(command, started),
            packet=str(folder),
            model="",
            written=written,
            mistakes=error.problems,
        )
    have = present(packet)
    evidence = file_evidence(packet, trust)[1:] if trust else []
    return TrainingCheck(
        schema="parentage.training-check/1",
        **frame(command, started),
        packet=str(packet.folder),
        model=packet.manifest.model.name,
        written=written,
        mistakes=(),
        files=tuple(
            FileItem(field=p.field, file=p.path, problem=p.code)  # type: ignore[arg-type]
            for p in packet.problems
        ),
        pieces=tuple(
            PieceItem(id=p.id, present=have[p.id], needed=p.needed)
            for p in pieces().values()
        ),
        evidence=tuple(RecordItem(**asdict(e)) for e in evidence),
    )
