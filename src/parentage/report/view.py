# SPDX-License-Identifier: Apache-2.0
"""What a page shows of a report: labels, figures and captions, ready to be laid out."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup, escape

from parentage.evidence.catalogue import Method, methods
from parentage.report import figures, words
from parentage.report import format as fmt
from parentage.report.document import (
    EvidenceItem,
    LayerMapItem,
    ModelInfo,
    ModuleResult,
    NormCosine,
    Outcome,
    Report,
)
from parentage.report.language import ENGLISH, Language, marked


@dataclass(frozen=True)
class Figure:
    """An SVG with the words that stand for it."""

    svg: Markup
    label: str
    caption: str


@dataclass(frozen=True)
class OutcomeView:
    """A module against one reference."""

    outcome: Outcome
    parts: tuple[tuple[str, str, str, str, str], ...]
    maps: tuple[Figure, ...]
    nulls: tuple[Figure, ...]
    evidence: tuple[EvidenceItem, ...]


@dataclass(frozen=True)
class ModuleView:
    """A module of the candidate, with everything its section shows."""

    id: str
    number: int
    module: ModuleResult
    label: str
    share: str
    outcomes: tuple[OutcomeView, ...]


@dataclass(frozen=True)
class ReportView:
    """A report as its template needs it."""

    id: str
    report: Report
    modules: tuple[ModuleView, ...]
    norms: tuple[tuple[NormCosine, Figure], ...]
    models: tuple[ModelInfo, ...]
    methods: tuple[Method, ...]
    command: str

    @property
    def positive(self) -> bool:
        """Whether anything at all was found, so that caveats come first."""
        return any(
            view.module.finding in {"identical", "reused", "correspondence"}
            for view in self.modules
        )


def report_view(report: Report, prefix: str, lang: Language = ENGLISH) -> ReportView:
    """Everything that the template shows, figures included.

    Args:
        report: the document.
        prefix: begins every id, so that several reports fit on one page.
        lang: the language of figures and captions.
    """
    used = {item.method for m in report.modules for item in m.evidence}
    if any(m.layer_maps for m in report.modules):
        used.add("layer-map")
    if report.norm_cosines:
        used.add("norm-cosine")
    return ReportView(
        id=prefix,
        report=report,
        modules=tuple(
            _module(module, number, f"{prefix}-m{number}", lang)
            for number, module in enumerate(report.modules, start=1)
        ),
        norms=tuple(
            (item, _norm_figure(item, f"{prefix}-n{number}", lang))
            for number, item in enumerate(report.norm_cosines)
        ),
        models=(report.candidate, *report.references),
        methods=tuple(m for m in methods().values() if m.id in used),
        command=fmt.reproduce(report),
    )


def _module(
    module: ModuleResult, number: int, prefix: str, lang: Language
) -> ModuleView:
    return ModuleView(
        id=prefix,
        number=number,
        module=module,
        label=words.label(module.name, lang),
        share=fmt.share(module.share_numerator, module.share_denominator),
        outcomes=tuple(
            _outcome(module, outcome, f"{prefix}-o{n}", lang)
            for n, outcome in enumerate(module.outcomes)
        ),
    )


def _outcome(
    module: ModuleResult, outcome: Outcome, prefix: str, lang: Language
) -> OutcomeView:
    evidence = tuple(e for e in module.evidence if e.reference == outcome.reference)
    level = outcome.power.log10_alpha
    maps = []
    for n, item in enumerate(module.layer_maps):
        if item.reference != outcome.reference:
            continue
        svg = figures.layer_map(item, level, f"{prefix}-l{n}", lang)
        if svg is not None:
            maps.append(_map_figure(item, svg, lang))
    nulls = []
    for n, evidence_item in enumerate(evidence):
        svg = figures.null_plot(evidence_item, f"{prefix}-e{n}", lang)
        if svg is not None:
            nulls.append(_null_figure(evidence_item, svg, lang))
    parts = _parts(outcome, lang)
    return OutcomeView(outcome, parts, tuple(maps), tuple(nulls), evidence)


def _parts(
    outcome: Outcome, lang: Language
) -> tuple[tuple[str, str, str, str, str], ...]:
    """Block, layers, finding, correlation and p of each reused part."""
    return tuple(
        (
            words.block_label(part.block, lang),
            words.layers_text(part.layers, lang) or "–",
            "identical" if part.identical else "reused",
            f"{part.effect:.3f}",
            power10(part.log10_p),
        )
        for part in outcome.parts
    )


def _map_figure(item: LayerMapItem, svg: str, lang: Language) -> Figure:
    block = words.block_label(item.block, lang)
    if item.block != item.reference_block:
        there = words.block_label(item.reference_block, lang)
        block = lang("{block} against its {other}", block=block, other=there)
    label = lang(
        "Map of {rows} candidate layers against {columns} reference layers for the "
        "{block}",
        rows=len(item.rows),
        columns=len(item.columns),
        block=block,
    )
    return Figure(Markup(svg), label, block)  # noqa: S704 - drawn from numbers only


def _null_figure(item: EvidenceItem, svg: str, lang: Language) -> Figure:
    observed = fmt.statistic(item, lang)
    label = lang(
        "Observed {observed}, expected by chance {expected}",
        observed=observed,
        expected=expected(item),
    )
    found = methods().get(item.method)
    title = lang(found.title) if found else item.method
    z = fmt.deviations(item) or 0.0
    text = (
        marked("{title}: {observed}, {deviations} standard deviations above chance")
        if z >= 0
        else marked(
            "{title}: {observed}, {deviations} standard deviations below chance"
        )
    )
    caption = lang(text, title=title, observed=observed, deviations=f"{abs(z):,.1f}")
    return Figure(Markup(svg), label, caption)  # noqa: S704 - drawn from numbers only


def _norm_figure(item: NormCosine, prefix: str, lang: Language) -> Figure:
    svg = figures.norm_bars(item, prefix, lang)
    label = lang(
        "Cosine {cosine}; after shuffling one side {shuffled}; correlation about the "
        "mean {pearson}",
        cosine=f"{item.cosine:.3f}",
        shuffled=f"{item.shuffled:.3f}",
        pearson=f"{item.pearson:.3f}",
    )
    caption = lang(
        "{module} against {reference}, {vectors} vectors",
        module=words.label(item.module, lang),
        reference=item.reference,
        vectors=item.vectors,
    )
    return Figure(Markup(svg), label, caption)  # noqa: S704 - drawn from numbers only


def power10(log10_p: float | None) -> Markup:
    """A p-value with a raised exponent."""
    base, exponent = fmt.power10_parts(log10_p)
    if exponent is None:
        return escape(base)
    return Markup("{}<sup>{}</sup>").format(base, exponent.replace("-", "−"))


def expected(item: EvidenceItem) -> str:
    """What chance gives: mean and standard deviation."""
    if item.null_mean is None or item.value is None:
        return "–"
    return f"{fmt.number(item.null_mean, 1)} ± {fmt.number(item.null_sd, 1)}"
