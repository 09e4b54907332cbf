# SPDX-License-Identifier: Apache-2.0
"""Two architectures, from files to their document. No weights are read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from parentage.artifact.entry import shown
from parentage.artifact.folder import MAX_CONFIG, Found, read_json
from parentage.artifact.format.gguf import MAGIC, read_gguf_header
from parentage.artifact.source.locate import Reference, locate
from parentage.artifact.source.place import Location, open_file
from parentage.errors import ConfigError, UnreadableError, UsageError
from parentage.evidence.architecture import (
    Background,
    compare_architectures,
    find,
    load_background,
)
from parentage.evidence.architecture.words import (
    derivations,
    finding,
    sentence,
    thresholds,
)
from parentage.model.architecture import (
    Architecture,
    Component,
    Count,
    architecture_of_model,
    count_parameters,
    count_stored,
    fields,
    read_architecture,
    read_gguf,
)
from parentage.report.lineage_architecture import (
    ArchitectureInfo,
    ArchitectureNeighbour,
    ArchitecturePair,
    ArchitectureRates,
    ComponentInfo,
    ComponentItem,
    ComponentNearest,
    ConfigDocument,
    ContradictionItem,
    CountItem,
    DerivedItem,
    FieldItem,
    StoredItem,
    ValueProblem,
)
from parentage.run.audit import Opened, open_model
from parentage.run.lineage_frame import clock, frame, names_of

if TYPE_CHECKING:
    from parentage.evidence.architecture import ComponentEvidence
    from parentage.evidence.architecture.compare import DerivedSize

CONFIGS: Final = ("config.json", "params.json")
_TEXT: Final = "text_decoder"


@dataclass(frozen=True)
class ReadArchitecture:
    """An architecture with where it is from.

    Attributes:
        name, path: what the document calls it, and where it was looked for.
        read_from: ``config``, ``GGUF metadata``, ``tensors and config`` or ``tensors``.
        stored: parameters of the stored tensors by part, ``None`` without tensors.
        bytes_read: headers and configuration.
    """

    name: str
    path: str
    architecture: Architecture
    read_from: Any
    stored: Mapping[str, int] | None
    bytes_read: int


def open_architecture(path: Reference, name: str | None = None) -> ReadArchitecture:
    """Read an architecture; of weights, only headers and shapes are looked at.

    Args:
        path: a model folder (weights with or without config, a config alone, or a
            GGUF file), a config, a GGUF file or a safetensors file.
        name: what the document calls it.

    Raises:
        ArtifactError: nothing there states an architecture.
    """
    where = locate(path)
    label = name or where.name or where.resolve().name
    file = _file(where)
    if file is None:
        opened = open_model(where, label)
        with opened.checkpoint:
            return of_opened(opened)
    with open_file(file) as handle:
        if handle.pread(0, min(handle.size, len(MAGIC))) == MAGIC:
            header = read_gguf_header(handle)
            made = read_gguf(header.metadata, name=label)
            read = handle.bytes_read
            return ReadArchitecture(
                label, str(where), made, "GGUF metadata", None, read
            )
    found = Found(file.parent, [])
    config = read_json(file.parent, file.name, found, ConfigError, MAX_CONFIG)
    return ReadArchitecture(
        label,
        str(where),
        read_architecture(config, name=label),
        "config",
        None,
        found.bytes_read,
    )


def _file(path: Location) -> Location | None:
    """The file to read, or ``None`` for safetensors weights."""
    if not path.is_dir():
        return None if path.suffix == ".safetensors" else path
    try:
        names = sorted(item.name for item in path.iterdir())
    except OSError as error:
        raise UnreadableError(
            f"cannot be listed: {error.strerror or error}",
            file=shown(str(path)),
            expected="a folder that can be read",
            advice="Check its permissions.",
        ) from error
    if any(
        name.endswith((".safetensors", ".safetensors.index.json")) for name in names
    ):
        return None
    stated: list[str] = [name for name in CONFIGS if name in names]
    stated += [name for name in names if name.endswith(".gguf")]
    if not stated:
        raise ConfigError(
            "holds no architecture",
            file=shown(str(path)),
            expected="config.json, params.json, safetensors weights or a GGUF file",
            advice="Name the model's folder or its config.",
        )
    return path / stated[0]


def of_opened(opened: Opened) -> ReadArchitecture:
    """The architecture of a model whose headers and config are read already."""
    checkpoint = opened.checkpoint
    architecture = architecture_of_model(opened.model)
    if not architecture.components:
        raise ConfigError(
            "shows no architecture",
            file=shown(checkpoint.address),
            expected="a config, or tensors of a text decoder or an encoder",
            advice="Put the model's config.json beside its weights.",
        )
    return ReadArchitecture(
        opened.label,
        checkpoint.address,
        architecture,
        "tensors and config" if checkpoint.config else "tensors",
        count_stored(opened.model),
        checkpoint.bytes_read,
    )


def compare_architecture_files(
    a: Reference,
    b: Reference,
    *,
    exclude: Sequence[str] = (),
    command: Sequence[str] = (),
    count: int = 5,
) -> ConfigDocument:
    """How the architecture of ``a``, the candidate, is related to that of ``b``.

    Args:
        a, b: see :func:`open_architecture`.
        exclude: organisations that are left out of the known architectures: the
            owners of both.
        command: how the comparison was called, for the document.
        count: known architectures to name for each component.

    Raises:
        ArtifactError: a file states no architecture.
        UsageError: ``exclude`` names an organisation that is not known.
    """
    started = clock()
    background = load_background()
    check_organisations(exclude, background)
    first, second = (
        open_architecture(path, name)
        for path, name in zip((a, b), names_of([a, b]), strict=True)
    )
    return ConfigDocument(
        pair=compare_architecture_pair(first, second, background, exclude=exclude),
        nearest=tuple(
            one
            for side in (first, second)
            for one in nearest_architectures(side, background, count, exclude=exclude)
        ),
        rates=error_rates(first.architecture.components),
        excluded=tuple(exclude),
        caveat=sentence().en,
        **frame(command, started),
    )


def check_organisations(names: Sequence[str], background: Background) -> None:
    """Refuse a name that would silently exclude nothing.

    Raises:
        UsageError: no known architecture is of that organisation.
    """
    owners = {entry.organisation for entry in background.entries}
    for name in names:
        if name not in owners:
            raise UsageError(
                f"no known architecture is of '{shown(name)}'",
                expected="one of " + ", ".join(sorted(owners)),
            )


def compare_architecture_pair(
    a: ReadArchitecture,
    b: ReadArchitecture,
    background: Background,
    *,
    exclude: Sequence[str] = (),
) -> ArchitecturePair:
    """Two architectures field by field."""
    found = compare_architectures(
        a.architecture, b.architecture, background, exclude=exclude
    )
    return ArchitecturePair(
        a=architecture_info(a),
        b=architecture_info(b),
        components=tuple(_component(c, a, b) for c in found.components),
        only_a=found.only_candidate,
        only_b=found.only_reference,
        sentences=(
            *(
                f"{c.kind}: {finding(c.word).en}; {c.shared_bits:.1f} bits agree, "
                f"{c.different_bits:.1f} differ."
                for c in found.components
            ),
            found.sentence.en,
        ),
    )


def _component(
    c: ComponentEvidence, a: ReadArchitecture, b: ReadArchitecture
) -> ComponentItem:
    limits = thresholds(c.kind)
    mine, theirs = (side.architecture.components[c.kind].fields for side in (a, b))
    known = fields()
    return ComponentItem(
        kind=c.kind,
        reference=b.name,
        word=c.word,  # type: ignore[arg-type]
        shared_bits=c.shared_bits,
        different_bits=c.different_bits,
        information=c.information,
        needed_bits=limits.shared_bits,
        needed_agreement=limits.agreement,
        difference=c.difference,  # type: ignore[arg-type]
        derived=_derived(c.derived_size),
        fields=tuple(
            FieldItem(
                **asdict(row),
                unit=known[row.field].unit,
                candidate_source=mine[row.field].source if row.field in mine else "",
                reference_source=theirs[row.field].source
                if row.field in theirs
                else "",
            )
            for row in c.fields
        ),
    )


def _derived(found: DerivedSize) -> DerivedItem:
    ids = {step.text: step.id for step in derivations()}
    return DerivedItem(
        complete=found.complete,
        steps=tuple(ids[text] for text in found.steps),
        scale=found.scale,
        others=found.others,
    )


def architecture_info(read: ReadArchitecture) -> ArchitectureInfo:
    """An architecture as it was read, with its parameters counted anew."""
    made = read.architecture
    counts = {c.kind: _count(c) for c in made.components.values()}
    return ArchitectureInfo(
        name=read.name,
        path=read.path,
        read_from=read.read_from,
        components=tuple(
            ComponentInfo(
                kind=c.kind,
                model_type=c.model_type,
                sources=dict(Counter(filled.source for filled in c.fields.values())),
                count=counts[c.kind],
            )
            for c in made.components.values()
        ),
        stored=_stored(read.stored, counts.get(_TEXT)),
        problems=tuple(ValueProblem(**p.to_dict()) for p in made.problems),  # type: ignore[arg-type]
        contradictions=tuple(
            ContradictionItem(**c.to_dict())  # type: ignore[arg-type]
            for c in made.contradictions
        ),
        bytes_read=read.bytes_read,
    )


def _count(component: Component) -> CountItem:
    found = count_parameters(component)
    counted = isinstance(found, Count)
    return CountItem(
        kind=component.kind,
        parts=dict(found.parts) if isinstance(found, Count) else {},
        total=found.total if isinstance(found, Count) else None,
        active=found.active if isinstance(found, Count) else None,
        mtp=found.mtp if isinstance(found, Count) else 0,
        assumed=found.assumed if isinstance(found, Count) else (),
        reason=None if counted else found.reason,  # type: ignore[union-attr]
    )


def _stored(
    parts: Mapping[str, int] | None, count: CountItem | None
) -> StoredItem | None:
    if not parts:
        return None
    kept = {name: n for name, n in parts.items() if name != "mtp"}
    return StoredItem(
        parts=dict(parts),
        total=sum(kept.values()),
        counted=count.total if count else None,
    )


def nearest_architectures(
    read: ReadArchitecture,
    background: Background,
    count: int,
    *,
    exclude: Sequence[str] = (),
    before: str = "",
) -> tuple[ComponentNearest, ...]:
    """The known architectures nearest to each component of a model."""
    released = {
        f"{entry.organisation}/{entry.model}": entry.released
        for entry in background.entries
    }
    found = []
    for kind, component in read.architecture.components.items():
        said = find(component, background, exclude=exclude, before=before, k=count)
        found.append(
            ComponentNearest(
                name=read.name,
                kind=kind,
                word=said.word,  # type: ignore[arg-type]
                information=said.information,
                makers=said.makers,
                nearest=tuple(
                    ArchitectureNeighbour(
                        reference=one.reference,
                        released=released.get(one.reference, ""),
                        word=one.word,  # type: ignore[arg-type]
                        shared_bits=one.shared_bits,
                        different_bits=one.different_bits,
                        difference=one.difference,  # type: ignore[arg-type]
                        differing=one.names("different"),
                    )
                    for one in said.nearest
                ),
            )
        )
    return tuple(found)


def error_rates(
    kinds: Sequence[str] | Mapping[str, Any],
) -> tuple[ArchitectureRates, ...]:
    """The measured errors of findings about these kinds of components."""
    file = resources.files("parentage.evidence.background") / "architecture_rates.json"
    data = json.loads(file.read_text("utf-8"))
    return tuple(
        ArchitectureRates(
            kind=kind,
            unrelated=data[kind]["classes"]["unrelated"]["shared_or_near"][
                "maker_pairs"
            ],
            copies=data[kind]["classes"]["copy_weighable"]["shared_or_near"][
                "maker_pairs"
            ],
        )
        for kind in kinds
        if kind in data
    )
