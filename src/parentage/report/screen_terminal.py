# SPDX-License-Identifier: Apache-2.0
"""Fingerprints, registries and screenings as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parentage.report import format as fmt
from parentage.report import words
from parentage.report.language import Language
from parentage.report.reasons import say_reason
from parentage.report.terminal_parts import (
    clean,
    finding_text,
    heading,
    item,
    table_of,
    text_of,
)

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.screen_document import (
        BatchDocument,
        FingerprintInfo,
        PairsDocument,
        RegistryDocument,
        ScreenDocument,
    )

DIGITS = 12
"""Digits of a digest that are shown."""


def print_fingerprint(info: FingerprintInfo, console: Console, _: Language) -> None:
    """What a fingerprint holds."""
    heading(console, info.name)
    if info.revision:
        item(console, _("revision {revision}", revision=info.revision))
    item(console, _("digest {digest}", digest=info.digest))
    item(
        console,
        _(
            "{size}, seed {seed}, level {level}; the weights take {stored}",
            size=fmt.byte_size(info.size, _),
            seed=info.seed,
            level=info.level,
            stored=fmt.byte_size(info.bytes_stored, _),
        ),
    )
    held = _("the tokenizer is held") if info.tokenizer else _("no tokenizer is held")
    item(console, held)
    columns = _("Module"), _("Share"), _("Layers"), _("Values held")
    table = table_of(*columns, right=columns[1:])
    for module in info.modules:
        table.add_row(
            text_of(words.label(module.name, _)),
            words.percent(module.share),
            fmt.whole(module.layers),
            fmt.whole(module.values),
        )
    console.print(table)
    for note in info.notes:
        item(console, clean(note), "bright_black")


def print_registry(document: RegistryDocument, console: Console, _: Language) -> None:
    """What a registry holds, or what was done to it."""
    counts = {
        "add": _("{n} added", n=fmt.whole(document.changed)),
        "remove": _("{n} removed", n=fmt.whole(document.changed)),
        "export": _("{n} exported", n=fmt.whole(document.changed)),
        "import": _("{n} new ones imported", n=fmt.whole(document.changed)),
    }
    if document.action == "verify":
        said = _("something is wrong") if document.problems else _("all is well")
    else:
        said = counts.get(document.action, "")
    if said:
        item(console, said)
    item(
        console,
        _(
            "{registry}: {n} fingerprints",
            registry=document.registry,
            n=fmt.whole(document.count),
        ),
    )
    for problem in document.problems:
        item(console, clean(problem), "bold red")
    if document.rows:
        columns = _("Name"), _("Digest"), _("Parameters"), _("Added")
        table = table_of(*columns, right=columns[2:3])
        for row in document.rows:
            table.add_row(
                text_of(row.name),
                row.digest[:DIGITS],
                fmt.whole(row.parameters),
                row.added,
            )
        console.print(table)


def print_screen(document: ScreenDocument, console: Console, _: Language) -> None:
    """A screening: each module with its nearest, then every match."""
    heading(console, document.candidate.name)
    item(
        console,
        _(
            "{looked_at} fingerprints looked at, {comparable} of a shape in common, "
            "{passed} near enough, {tested} tested exactly",
            looked_at=fmt.whole(document.looked_at),
            comparable=fmt.whole(document.comparable),
            passed=fmt.whole(document.passed),
            tested=fmt.whole(document.tested),
        ),
    )
    item(
        console,
        _(
            "p-values are corrected for {family} tests, all that the registry allows",
            family=fmt.whole(document.settings.family),
        ),
    )
    if document.known_as:
        item(
            console,
            _("this very fingerprint is registered as {name}", name=document.known_as),
        )
    head = _("Module"), _("Share"), _("Finding"), _("Nearest"), _("p, corrected")
    table = table_of(*head, _("Correlation"), right=head[1:2])
    for module in document.modules:
        table.add_row(
            text_of(words.label(module.name, _)),
            words.percent(module.share),
            finding_text(module.finding, _),
            text_of(module.reference or ""),
            fmt.power10(module.log10_p_adjusted),
            fmt.number(module.effect),
        )
    console.print(table)
    for module in document.modules:
        where = words.parts_text([(p.block, p.layers) for p in module.parts], _)
        if module.parts and not module.whole:
            item(console, f"{words.label(module.name, _)}: {where}")
        if module.finding == "no-dependence-found":
            power = words.power_text(
                module.power.correlation, module.power.probability, _
            )
            item(console, f"{words.label(module.name, _)}: {power}", "bright_black")
        elif module.reason:
            said = say_reason(module.reason, _)
            item(console, f"{words.label(module.name, _)}: {said}", "bright_black")
    if document.matches:
        heading(console, _("Nearest first"))
        columns = _("Fingerprint"), _("Digest"), _("Finding"), _("Share reused")
        table = table_of(*columns, _("Tokenizer"), right=columns[3:])
        for match in document.matches:
            table.add_row(
                text_of(match.name),
                match.digest[:DIGITS],
                finding_text(match.finding, _),
                words.percent(match.reused_share),
                text_of(match.tokenizer or ""),
            )
        console.print(table)
    left = document.passed - sum(m.passed for m in document.matches)
    if left > 0:
        item(
            console,
            _(
                "{n} more came near enough and were not tested; raise --limit",
                n=fmt.whole(left),
            ),
            "yellow",
        )
    for caveat in document.caveats:
        item(console, _(caveat), "bright_black")


def print_batch(document: BatchDocument, console: Console, _: Language) -> None:
    """A list of models with a word for each."""
    table = table_of(_("Model"), _("Finding"), _("Nearest or file"))
    for row in document.rows:
        word = finding_text(row.finding, _) if row.finding else text_of("")
        if row.error:
            table.add_row(text_of(row.model), text_of(row.error, "bold red"), "")
        else:
            table.add_row(
                text_of(row.model), word, text_of(row.nearest or row.file or "")
            )
    console.print(table)


def print_pairs(document: PairsDocument, console: Console, _: Language) -> None:
    """All pairs in which something was found, and how many others there are."""
    columns = _("Candidate"), _("Reference"), _("Finding"), _("Share reused")
    table = table_of(*columns, right=columns[3:])
    shown = 0
    for pair in document.pairs:
        if pair.finding in {"no-dependence-found", "not-testable"}:
            continue
        shown += 1
        table.add_row(
            text_of(pair.candidate),
            text_of(pair.reference),
            finding_text(pair.finding, _),
            words.percent(pair.reused_share),
        )
    if shown:
        console.print(table)
    item(
        console,
        _(
            "{shown} of {all} pairs; in the others nothing was found",
            shown=fmt.whole(shown),
            all=fmt.whole(len(document.pairs)),
        ),
    )
    for model, why in document.failed.items():
        item(console, f"{clean(model)}: {clean(why)}", "bold red")
