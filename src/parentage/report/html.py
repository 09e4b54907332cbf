# SPDX-License-Identifier: Apache-2.0
"""A report as one HTML file: no script, no network, every string escaped.

Names of models, tensors and files are hostile until shown otherwise: the template
escapes everything, and only figures, which are made of numbers, pass as markup. A
content security policy in the file forbids scripts and requests in any case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from parentage.evidence.catalogue import Method, methods
from parentage.report import figures, words
from parentage.report import format as fmt
from parentage.report.document import (
    EvidenceItem,
    ModelInfo,
    ModuleResult,
    NormCosine,
    Outcome,
    Report,
)

if TYPE_CHECKING:
    from parentage.report.format import DemoLine

MAX_ROWS = 200
"""Problems or unrecognised tensors shown of one model; the JSON has them all."""


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


def render_html(report: Report) -> str:
    """The report as one self-contained page."""
    view = report_view(report, "r")
    return _environment().get_template("report.html.j2").render(view=view)


def render_demo_html(
    rows: Sequence[DemoLine], reports: Mapping[tuple[str, str], Report]
) -> str:
    """The demo's results as one self-contained page, with every report inside.

    Args:
        rows: one line per module, with truth and finding.
        reports: the reports by candidate and reference.
    """
    views = {
        pair: report_view(report, f"r{number}")
        for number, (pair, report) in enumerate(reports.items())
    }
    used = {m.id: m for view in views.values() for m in view.methods}
    template = _environment().get_template("demo.html.j2")
    return template.render(
        rows=rows,
        pairs=[
            (pair, list(group))
            for pair, group in groupby(rows, lambda row: (row.candidate, row.reference))
        ],
        views=views,
        methods=[m for m in methods().values() if m.id in used],
        right=sum(row.agrees for row in rows),
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("parentage.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        findings=fmt.FINDINGS,
        meanings=fmt.MEANINGS,
        catalogue=methods(),
        max_rows=MAX_ROWS,
    )
    environment.filters.update(
        power10=power10,
        number=fmt.number,
        whole=fmt.whole,
        byte_size=fmt.byte_size,
        label=words.label,
        statistic=fmt.statistic,
        expected=expected,
        details=details_text,
        share=lambda pair: fmt.share(*pair),
    )
    return environment


def report_view(report: Report, prefix: str) -> ReportView:
    """Everything that the template shows, figures included.

    Args:
        report: the document.
        prefix: begins every id, so that several reports fit on one page.
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
            _module(module, number, f"{prefix}-m{number}")
            for number, module in enumerate(report.modules, start=1)
        ),
        norms=tuple(
            (item, _norm_figure(item, f"{prefix}-n{number}"))
            for number, item in enumerate(report.norm_cosines)
        ),
        models=(report.candidate, *report.references),
        methods=tuple(m for m in methods().values() if m.id in used),
        command=fmt.reproduce(report),
    )


def _module(module: ModuleResult, number: int, prefix: str) -> ModuleView:
    return ModuleView(
        id=prefix,
        number=number,
        module=module,
        label=words.label(module.name),
        share=fmt.share(module.share_numerator, module.share_denominator),
        outcomes=tuple(
            _outcome(module, outcome, f"{prefix}-o{n}")
            for n, outcome in enumerate(module.outcomes)
        ),
    )


def _outcome(module: ModuleResult, outcome: Outcome, prefix: str) -> OutcomeView:
    evidence = tuple(e for e in module.evidence if e.reference == outcome.reference)
    level = outcome.power.log10_alpha
    maps = []
    for n, item in enumerate(module.layer_maps):
        if item.reference != outcome.reference:
            continue
        svg = figures.layer_map(item, level, f"{prefix}-l{n}")
        if svg is not None:
            block = words.BLOCKS.get(item.block, item.block)
            if item.block != item.reference_block:
                there = words.BLOCKS.get(item.reference_block, item.reference_block)
                block = f"{block} against its {there}"
            maps.append(
                Figure(
                    Markup(svg),  # noqa: S704 - drawn from numbers only
                    f"Map of {len(item.rows)} candidate layers against "
                    f"{len(item.columns)} reference layers for the {block}",
                    block,
                )
            )
    nulls = []
    for n, evidence_item in enumerate(evidence):
        svg = figures.null_plot(evidence_item, f"{prefix}-e{n}")
        if svg is not None:
            nulls.append(
                Figure(
                    Markup(svg),  # noqa: S704 - drawn from numbers only
                    f"Observed {fmt.statistic(evidence_item)}, expected by chance "
                    f"{expected(evidence_item)}",
                    _null_caption(evidence_item),
                )
            )
    return OutcomeView(outcome, _parts(outcome), tuple(maps), tuple(nulls), evidence)


def _parts(outcome: Outcome) -> tuple[tuple[str, str, str, str, str], ...]:
    """Block, layers, finding, correlation and p of each reused part."""
    return tuple(
        (
            words.BLOCKS.get(part.block, part.block),
            words.layers_text(part.layers) or "–",
            "identical" if part.identical else "reused",
            f"{part.effect:.3f}",
            power10(part.log10_p),
        )
        for part in outcome.parts
    )


def _null_caption(item: EvidenceItem) -> str:
    found = methods().get(item.method)
    title = found.title if found else item.method
    z = fmt.deviations(item) or 0.0
    where = f"{abs(z):,.1f} standard deviations {'above' if z >= 0 else 'below'} chance"
    return f"{title}: {fmt.statistic(item)}, {where}"


def _norm_figure(item: NormCosine, prefix: str) -> Figure:
    return Figure(
        Markup(figures.norm_bars(item, prefix)),  # noqa: S704 - numbers only
        f"Cosine {item.cosine:.3f}; after shuffling one side {item.shuffled:.3f}; "
        f"correlation about the mean {item.pearson:.3f}",
        f"{words.label(item.module)} against {item.reference}, {item.vectors} vectors",
    )


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


def details_text(details: Mapping[str, object]) -> str:
    """Further numbers of a test in one line."""
    texts = []
    for key, value in details.items():
        if isinstance(value, Mapping):
            texts += [f"{name} {_plain(inner)}" for name, inner in value.items()]
        else:
            texts.append(f"{key} {_plain(value)}")
    return "; ".join(texts)


def _plain(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        return fmt.number(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " of ".join(_plain(v) for v in value)
    return str(value)
