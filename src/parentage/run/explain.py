# SPDX-License-Identifier: Apache-2.0
"""How the correspondence of one module was found: an audit, and one layer in full."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import numpy as np

from parentage.artifact.source.locate import Reference
from parentage.errors import UsageError
from parentage.evidence.descent import Piece
from parentage.evidence.descent.low_rank import difference_spectrum
from parentage.evidence.samples import Floats
from parentage.model.description import Module, Tensor
from parentage.report.descent_explain import Explanation, LayerView
from parentage.report.document import ModuleResult, Outcome, Report
from parentage.run.audit import DEFAULT_BUDGET, Opened, Progress, audit, open_model
from parentage.run.descent import DEFAULT_BUDGET as DESCENT_BUDGET
from parentage.run.explain_alignment import aligned_view
from parentage.run.pairing import pair_modules
from parentage.run.sampler import Reader

PREFERRED = (
    "up_proj",
    "fc_in",
    "gate_proj",
    "projector_in",
    "v_proj",
    "q_proj",
    "token_embedding",
    "lm_head",
)
"""Roles whose rows are units, best known first."""

UNITS = 40
"""Units of each side that are shown beside each other."""

COLUMNS = 512
BINS = 41


def explain(
    candidate: Reference,
    against: Sequence[Reference],
    module: str,
    *,
    layer: int | None = None,
    budget: int = DEFAULT_BUDGET,
    descent_budget: int = DESCENT_BUDGET,
    seed: int = 0,
    command: Sequence[str] = (),
    progress: Progress | None = None,
) -> Explanation:
    """Audit, and look closely at one module.

    Args:
        candidate: path of the model under test.
        against: paths of the references.
        module: name of the candidate's module, such as ``text_decoder``.
        layer: layer to look at; the first one that is called reused by default.
        budget, descent_budget, seed, progress: as of an audit.
        command: how it was called, for the document.

    Raises:
        UsageError: no such module or layer.
        ParentageError: a file cannot be used.
    """
    report = audit(
        candidate,
        against,
        budget=budget,
        descent_budget=descent_budget,
        seed=seed,
        command=command,
        progress=progress,
    )
    found = next((m for m in report.modules if m.name == module), None)
    if found is None:
        raise UsageError(
            f"the candidate has no module {module!r}",
            expected="one of " + ", ".join(m.name for m in report.modules),
            advice="Name it with --module.",
        )
    with ExitStack() as stack:
        models = []
        for path, info in zip(
            [candidate, *against], [report.candidate, *report.references], strict=True
        ):
            opened = open_model(path, info.name)
            stack.enter_context(opened.checkpoint)
            models.append(opened)
        views = [
            view
            for other in models[1:]
            for view in [_view(models[0], other, found, layer)]
            if view is not None
        ]
        partners = {o.reference: o.reference_module for o in found.outcomes}
        aligned = [
            view
            for other in models[1:]
            for partner in [partners.get(other.label)]
            if partner is not None
            for view in [
                aligned_view(
                    models[0], other, module, partner, layer, units=UNITS, seed=seed
                )
            ]
            if view is not None
        ]
    if layer is not None and not views:
        raise UsageError(
            f"layer {layer} of {module} has no counterpart in a reference",
            advice="Leave --layer out, or name another one.",
        )
    return Explanation(
        schema="parentage.explanation/1",
        created=report.created,
        command=tuple(command),
        candidate=report.candidate,
        references=report.references,
        log10_alpha=_level(report, found),
        module=found,
        descent=next((d for d in report.descents if d.module == module), None),
        views=tuple(views),
        aligned=tuple(aligned),
    )


def _level(report: Report, module: ModuleResult) -> float:
    levels = [o.power.log10_alpha for o in module.outcomes]
    return min(levels, default=report.settings.log10_alpha)


def _view(
    own: Opened, other: Opened, module: ModuleResult, layer: int | None
) -> LayerView | None:
    """The best known tensor of the layer, in both models."""
    outcome = next((o for o in module.outcomes if o.reference == other.label), None)
    if outcome is None or outcome.reference_module is None:
        return None
    for pair in pair_modules(own.model, other.model):
        names = (pair.candidate.name, pair.reference.name)
        if names != (module.name, outcome.reference_module):
            continue
        chosen = _chosen(pair.candidate, pair.reference, outcome, layer)
        if chosen is not None:
            return _look(own, other, *chosen)
    return None


def _chosen(
    candidate: Module, reference: Module, outcome: Outcome, layer: int | None
) -> tuple[Tensor, Tensor] | None:
    partners = {a: b for part in outcome.parts for a, b in part.layers}
    if layer is None:
        layer = min((a for a in partners if a is not None), default=None)
    if layer is None and candidate.layers:
        layer = 0
    theirs = {(t.role, t.layer): t for t in reversed(reference.tensors)}
    for role in PREFERRED:
        for tensor in candidate.tensors:
            if tensor.role != role or tensor.layer not in (layer, None):
                continue
            other = theirs.get((role, partners.get(tensor.layer, tensor.layer)))
            if other is not None and other.shape[1:] == tensor.shape[1:]:
                return tensor, other
    return None


def _look(own: Opened, other: Opened, tensor: Tensor, reference: Tensor) -> LayerView:
    sizes = [min(a, b) for a, b in zip(tensor.shape, reference.shape, strict=True)]
    if len(sizes) == 3:
        sizes[0] = min(sizes[0], max(1, COLUMNS // max(sizes[1], 1)))
    else:
        sizes[0] = min(sizes[0], COLUMNS)
    sizes[-1] = min(sizes[-1], COLUMNS)
    cut = tuple(((0, size),) for size in sizes)
    a = _rows(Reader(own.checkpoint).rectangle(tensor, cut))
    b = _rows(Reader(other.checkpoint).rectangle(reference, cut))
    label = other.label
    piece = Piece(
        tensor.role,
        tensor.block,
        tensor.layer,
        tensor.expert,
        a,
        {label: b},
        tensor.dtype,
        {label: reference.dtype},
    )
    found = difference_spectrum(piece, label)
    scale = found.edge if found.edge > 0 else 1.0
    size = float(np.sqrt(np.mean(b.astype(np.float64) ** 2))) or 1.0
    off = (a.astype(np.float64) - b).ravel() / size
    reach = max(float(np.quantile(np.abs(off), 0.999)), 1e-6)
    counts, edges = np.histogram(np.clip(off, -reach, reach), BINS, (-reach, reach))
    return LayerView(
        reference=label,
        role=tensor.role,
        layer=tensor.layer,
        reference_layer=reference.layer,
        matching=tuple(tuple(row) for row in _cosines(a, b).round(4).tolist()),
        singular_values=tuple((found.values[:128] / scale).tolist()),
        edges=tuple(edges.tolist()),
        counts=tuple(int(c) for c in counts),
        equal=piece.equal(label),
    )


def _rows(values: Floats) -> Floats:
    flat: Floats = values.reshape(-1, values.shape[-1])
    return flat


def _cosines(a: Floats, b: Floats) -> Floats:
    """Cosines of the first units of both sides."""
    x, y = a[:UNITS].astype(np.float64), b[:UNITS].astype(np.float64)
    x /= np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-30)
    y /= np.maximum(np.linalg.norm(y, axis=1, keepdims=True), 1e-30)
    found: Floats = (x @ y.T).astype(np.float32)
    return found
