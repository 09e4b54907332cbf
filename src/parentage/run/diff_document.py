# SPDX-License-Identifier: Apache-2.0
"""From sums of all pairs of tensors to the document of a full scan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from parentage import __version__
from parentage.artifact.checkpoint import Checkpoint
from parentage.model.description import Model
from parentage.report.difference_document import (
    Counts,
    Diff,
    DiffModel,
    FileItem,
    Group,
    LayerGroup,
    ModuleGroup,
    Numbers,
    Status,
    TensorItem,
)
from parentage.report.document import Problem
from parentage.run.diff_pairs import BUFFERS, TensorPair, is_gain
from parentage.stats.difference import Sums, distance

Result = tuple[TensorPair, Sums | None]
"""A pair with its sums, if it could be compared."""


def assemble(
    checkpoints: tuple[Checkpoint, Checkpoint],
    models: tuple[Model, Model],
    results: Sequence[Result],
    *,
    kernel: str,
    command: tuple[str, ...],
    created: str,
    seconds: float,
) -> Diff:
    """The document: every tensor once, and groups of them."""
    weights = [r for r in results if r[0].tensor.module != BUFFERS]
    words = [_status(pair, sums) for pair, sums in weights]
    return Diff(
        versions={"parentage": __version__},
        created=created,
        seconds=round(seconds, 3),
        command=command,
        kernel=kernel,
        a=_model(checkpoints[0], models[0]),
        b=_model(checkpoints[1], models[1]),
        identical=bool(words) and all(word == "identical" for word in words),
        differs=any(_is_difference(r, w) for r, w in zip(weights, words, strict=True)),
        total=_group(weights),
        modules=tuple(_modules(results)),
        tensors=tuple(_item(pair, sums) for pair, sums in results),
    )


def _is_difference(result: Result, word: Status) -> bool:
    return word not in {"identical", "not-comparable"} or result[0].reason == "shape"


def _model(checkpoint: Checkpoint, model: Model) -> DiffModel:
    return DiffModel(
        name=checkpoint.name,
        path=str(checkpoint.path),
        parameters=model.parameters,
        files=tuple(FileItem(name=n, size=s) for n, s in checkpoint.file_sizes.items()),
        bytes_stored=sum(e.nbytes for e in checkpoint.entries.values()),
        notes=model.notes,
        problems=tuple(
            Problem.model_validate(p.to_json()) for p in checkpoint.problems
        ),
    )


def _status(pair: TensorPair, sums: Sums | None) -> Status:
    if pair.b is None:
        return "only-in-a"
    if pair.a is None:
        return "only-in-b"
    if sums is None:
        return "not-comparable"
    return "different" if sums.changed else "identical"


def _item(pair: TensorPair, sums: Sums | None) -> TensorItem:
    one, a, b = pair.tensor, pair.a, pair.b
    return TensorItem(
        a=a.view.tensor if a else None,
        b=b.view.tensor if b else None,
        module=one.module,
        block=one.block,
        role=one.role,
        layer=one.layer,
        expert=one.expert,
        shape_a=a.shape if a else None,
        shape_b=b.shape if b else None,
        dtype_a=a.dtype if a else None,
        dtype_b=b.dtype if b else None,
        paired_by=pair.by,
        norm_gain=is_gain(one),
        status=_status(pair, sums),
        reason=pair.reason or None,  # type: ignore[arg-type]
        numbers=None if sums is None else _numbers(sums),
    )


def _numbers(sums: Sums) -> Numbers:
    found = distance(sums)
    return Numbers(
        pairs=sums.pairs,
        changed=sums.changed,
        finite=sums.finite,
        cosine=found.cosine,
        one_minus_cosine=found.one_minus_cosine,
        pearson=found.pearson,
        relative_l2=found.relative_l2,
        norm_ratio=found.norm_ratio,
        max_abs_difference=found.largest,
        nan=(sums.nan_a, sums.nan_b),
        infinite=(sums.infinite_a, sums.infinite_b),
    )


def _together(results: Iterable[Result], *, gains: bool) -> Numbers | None:
    total = Sums()
    for pair, sums in results:
        if sums is not None and is_gain(pair.tensor) == gains:
            total.add(sums)
    return _numbers(total) if total.pairs else None


def _group(results: Sequence[Result]) -> Group:
    counts = dict.fromkeys(Counts.model_fields, 0)
    for pair, sums in results:
        counts[_status(pair, sums).replace("-", "_")] += 1
    return Group(
        tensors=Counts(**counts),
        numbers=_together(results, gains=False),
        norm_gains=_together(results, gains=True),
    )


def _modules(results: Sequence[Result]) -> Iterable[ModuleGroup]:
    by_module: dict[str, dict[int | None, list[Result]]] = {}
    for result in results:
        tensor = result[0].tensor
        rows = by_module.setdefault(tensor.module, {})
        rows.setdefault(tensor.layer, []).append(result)
    for name, rows in by_module.items():
        whole = _group([result for part in rows.values() for result in part])
        order = sorted(rows, key=lambda layer: -1 if layer is None else layer)
        yield ModuleGroup(
            name=name,
            layers=tuple(
                LayerGroup(layer=layer, **dict(_group(rows[layer]))) for layer in order
            ),
            **dict(whole),
        )
