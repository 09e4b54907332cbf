# SPDX-License-Identifier: Apache-2.0
"""Documents on lineage as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from parentage.report import format as fmt
from parentage.report import lineage_words as say
from parentage.report.language import ENGLISH, Language
from parentage.report.lineage_text import NO_WEIGHT, architecture_notes, weightless
from parentage.report.terminal_parts import clean, heading, item, table_of, text_of

if TYPE_CHECKING:
    from rich.console import Console

    from parentage.report.lineage_architecture import (
        ArchitectureInfo,
        ComponentItem,
        ComponentNearest,
        ConfigDocument,
        FieldItem,
    )
    from parentage.report.lineage_nearest import LineageItem, NearestDocument
    from parentage.report.lineage_tokenizer import (
        OnlyItem,
        TokenizerDocument,
        TokenizerInfo,
        TokenizerNearest,
        TokenizerPair,
    )

RELATION_COLOURS = {
    "identical": "bold yellow",
    "same-with-additions": "bold yellow",
    "truncated": "bold yellow",
    "re-ordered-copy": "bold yellow",
    "common-ancestor": "yellow",
    "trained-separately": "green",
    "unclear": "bright_black",
    "shared": "bold yellow",
    "near": "yellow",
    "common": "green",
    "own": "green",
    "unweighed": "bright_black",
}
"""A relation is context, not a charge: nothing here is red."""

BAR = 24
"""Characters of the longest bar."""

MAX_BLOCKS = 8
"""Blocks of tokens shown; the document has more."""


def print_document(
    document: TokenizerDocument | ConfigDocument | NearestDocument,
    console: Console,
    lang: Language = ENGLISH,
) -> None:
    """Any of the documents on lineage."""
    if document.schema_ == "parentage.tokenizer/1":
        print_tokenizers(document, console, lang)
    elif document.schema_ == "parentage.config/1":
        print_configs(document, console, lang)
    else:
        print_nearest(document, console, lang)


def print_tokenizers(
    document: TokenizerDocument, console: Console, lang: Language = ENGLISH
) -> None:
    """Two tokenizers: relation, numbers, scripts, what one side has alone."""
    pair = document.pair
    console.print()
    _relation(pair, console, lang)
    heading(console, lang("What agrees"))
    console.print(_numbers(pair, lang))
    for text in say.further_numbers(pair, lang):
        item(console, text, "dim")
    heading(console, lang("Shared tokens by script"))
    console.print(_scripts(pair, lang))
    for side, other, only in (
        (pair.a, pair.b, pair.only_a),
        (pair.b, pair.a, pair.only_b),
    ):
        _only(side, other, only, console, lang)
    heading(console, lang("Nearest known tokenizers"))
    for one in document.nearest:
        _nearest_tokenizers(one, console, lang)
    for info in (pair.a, pair.b):
        _tokenizer(info, console, lang)
    _again(document.command, console, lang)


def _relation(pair: TokenizerPair, console: Console, lang: Language) -> None:
    first, *rest = say.pair_sentences(pair, lang)
    word = say.table_word(say.RELATIONS, pair.finding.relation, lang)
    console.print(text_of(word, RELATION_COLOURS[pair.finding.relation]))
    console.print(text_of(first, "bold"))
    for text in rest[:-1]:
        item(console, text)
    item(console, rest[-1], "italic")


def _numbers(pair: TokenizerPair, lang: Language) -> Table:
    count, out_of, share = lang("Count"), lang("Out of"), lang("Share")
    table = table_of(lang("What"), count, out_of, share, right=(count, out_of, share))
    for number in say.shown_numbers(pair):
        table.add_row(
            text_of(say.number_label(number, pair, lang)),
            fmt.whole(number.count),
            fmt.whole(number.out_of),
            fmt.share(number.count, number.out_of),
        )
    return table


def _scripts(pair: TokenizerPair, lang: Language) -> Table:
    shared, a, b = lang("Shared"), clean(pair.a.name), clean(pair.b.name)
    table = table_of(lang("Script"), a, b, shared, "", right=(a, b, shared))
    most = max((max(s.a, s.b) for s in pair.scripts), default=1)
    for script in pair.scripts:
        bar = Text("█" * round(BAR * script.shared / most))
        rest = max(script.a, script.b) - script.shared
        bar.append("░" * round(BAR * rest / most), style="dim")
        table.add_row(
            say.table_word(say.SCRIPTS, script.script, lang),
            fmt.whole(script.a),
            fmt.whole(script.b),
            fmt.whole(script.shared),
            bar,
        )
    return table


def _only(
    side: TokenizerInfo,
    other: TokenizerInfo,
    only: OnlyItem,
    console: Console,
    lang: Language,
) -> None:
    heading(
        console,
        lang(
            "In {a}, not in {b}: {tokens} tokens (blocks of ids: {blocks})",
            a=side.name,
            b=other.name,
            tokens=fmt.whole(only.tokens),
            blocks=fmt.whole(only.blocks),
        ),
    )
    for block in only.largest[:MAX_BLOCKS]:
        texts = "  ".join(say.visible(token.text) for token in block.tokens)
        more = "  …" if block.count > len(block.tokens) else ""
        item(
            console,
            f"{block.first}–{block.last} ({fmt.whole(block.count)}): {texts}{more}",
        )
    if only.blocks > MAX_BLOCKS:
        item(console, lang("smaller blocks are not shown"), "dim")
    if only.added:
        texts = "  ".join(f"{t.id} {say.visible(t.text)}" for t in only.added)
        item(console, lang("added tokens: {tokens}", tokens=texts))


def _nearest_tokenizers(
    found: TokenizerNearest, console: Console, lang: Language
) -> None:
    name = clean(lang("Nearest to {name}", name=found.name))
    shared, contained = lang("Jaccard"), lang("Contained")
    table = table_of(
        name, lang("Relation"), shared, contained, right=(shared, contained)
    )
    for one in found.nearest:
        table.add_row(
            text_of(f"{one.title} ({one.owner})"),
            text_of(
                say.table_word(say.RELATIONS, one.relation, lang),
                RELATION_COLOURS[one.relation],
            ),
            f"{one.jaccard:.3f}",
            f"{100 * one.contained:.1f} %",
        )
    console.print(table)
    item(
        console, lang("{known} known tokenizers were asked.", known=found.known), "dim"
    )


def _tokenizer(info: TokenizerInfo, console: Console, lang: Language) -> None:
    heading(console, lang("Tokenizer of {name}", name=info.name))
    item(console, f"{info.path}: {info.source}", "dim")
    item(
        console,
        lang(
            "{format}, {algorithm}; {ids} ids, {regular} regular tokens, {learned} in "
            "order of learning, {added} added tokens",
            format=info.format,
            algorithm=info.algorithm,
            ids=fmt.whole(info.ids),
            regular=fmt.whole(info.regular),
            learned=fmt.whole(info.learned),
            added=fmt.whole(info.added),
        ),
    )
    item(console, lang("digest {digest}", digest=info.digest), "dim")
    for note in info.notes:
        item(console, note, "dim")


def print_configs(
    document: ConfigDocument, console: Console, lang: Language = ENGLISH
) -> None:
    """Two architectures: findings, fields, nearest known ones."""
    pair = document.pair
    console.print()
    for component in pair.components:
        _component(component, (pair.a.name, pair.b.name), console, lang)
    _unpaired(pair.only_a, pair.a.name, console, lang)
    _unpaired(pair.only_b, pair.b.name, console, lang)
    item(console, say.architecture_caveat(lang), "italic")
    for rate in document.rates:
        item(
            console,
            lang(
                "Measured for the {component}: {false} of {trials} pairs of unrelated "
                "makers were called shared or near (95 % bounds up to {high}).",
                component=say.table_word(say.COMPONENTS, rate.kind, lang),
                false=rate.unrelated.events,
                trials=rate.unrelated.trials,
                high=f"{rate.unrelated.high:.4f}",
            ),
            "dim",
        )
    heading(console, lang("Nearest known architectures"))
    for one in document.nearest:
        _nearest_architectures(one, console, lang)
    for info in (pair.a, pair.b):
        _architecture(info, console, lang)
    _again(document.command, console, lang)


def _component(
    component: ComponentItem,
    names: tuple[str, str],
    console: Console,
    lang: Language,
) -> None:
    console.print(
        text_of(
            say.component_sentence(component, lang), RELATION_COLOURS[component.word]
        )
    )
    item(console, say.architecture_meaning(component.word, lang))
    item(console, say.largest_difference(component.difference, lang))
    derived = say.derived_text(component, lang)
    if derived:
        item(console, derived)
    item(console, lang("Candidate: {a}; reference: {b}", a=names[0], b=names[1]), "dim")
    shown = [row for row in component.fields if not weightless(row)]
    console.print(_fields(shown, lang))
    rest = [row.field for row in component.fields if weightless(row)]
    if rest:
        said = lang("Equal, with next to no weight: {fields}.", fields=", ".join(rest))
        item(console, said, "dim")
    console.print()


def _fields(rows: Sequence[FieldItem], lang: Language) -> Table:
    bits = lang("Bits")
    table = table_of(
        lang("Field"),
        lang("Candidate"),
        lang("Reference"),
        lang("Relation"),
        bits,
        lang("Class"),
        right=(bits,),
    )
    table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(
            text_of(row.field),
            text_of(say.value_text(row.candidate)),
            text_of(say.value_text(row.reference)),
            text_of(
                say.table_word(say.FIELD_RELATIONS, row.relation, lang),
                "" if row.relation == "equal" else "yellow",
            ),
            f"{row.bits:.1f}" if row.bits >= NO_WEIGHT else "–",
            text_of(say.table_word(say.DIFFERENCES, row.difference, lang)),
        )
    return table


def _unpaired(
    kinds: Sequence[str], name: str, console: Console, lang: Language
) -> None:
    for kind in kinds:
        component = say.table_word(say.COMPONENTS, kind, lang)
        item(
            console,
            lang("Only {name} has a {component}.", name=name, component=component),
        )


def _nearest_architectures(
    found: ComponentNearest, console: Console, lang: Language
) -> None:
    component = say.table_word(say.COMPONENTS, found.kind, lang)
    name = clean(lang("{component} of {name}", component=component, name=found.name))
    shared, different = lang("Bits shared"), lang("Bits different")
    table = table_of(
        name,
        lang("Released"),
        lang("Finding"),
        shared,
        different,
        right=(shared, different),
    )
    for one in found.nearest:
        table.add_row(
            text_of(one.reference),
            text_of(one.released or "–"),
            text_of(say.architecture_word(one.word, lang), RELATION_COLOURS[one.word]),
            f"{one.shared_bits:.1f}",
            f"{one.different_bits:.1f}",
        )
    console.print(table)
    item(
        console,
        lang(
            "{finding}: {meaning} Its design values carry {bits} bits; weighed against "
            "{makers} independent makers.",
            finding=say.architecture_word(found.word, lang),
            meaning=say.architecture_meaning(found.word, lang),
            bits=f"{found.information:.1f}",
            makers=found.makers,
        ),
        "dim",
    )


def _architecture(info: ArchitectureInfo, console: Console, lang: Language) -> None:
    heading(console, lang("Architecture of {name}", name=info.name))
    source = say.table_word(say.READ_FROM, info.read_from, lang)
    item(console, f"{info.path} ({source})", "dim")
    for text in architecture_notes(info, lang):
        item(console, text)


def print_nearest(
    document: NearestDocument, console: Console, lang: Language = ENGLISH
) -> None:
    """The known tokenizers and architectures nearest to a model's."""
    console.print()
    console.print(text_of(document.model, "bold"))
    item(console, document.path, "dim")
    for missing in document.missing:
        kind = "architecture" if document.architecture is None else "tokenizer"
        text = say.missing_text(kind, missing, lang)
        item(console, f"{text}: {missing.detail}" if missing.detail else text)
    if document.tokenizer is not None and document.tokenizer_nearest is not None:
        _tokenizer(document.tokenizer, console, lang)
        _nearest_tokenizers(document.tokenizer_nearest, console, lang)
        item(console, say.tokenizer_caveat(lang), "italic")
    if document.architecture is not None:
        _architecture(document.architecture, console, lang)
        for one in document.architecture_nearest:
            _nearest_architectures(one, console, lang)
        item(console, say.architecture_caveat(lang), "italic")
    if document.before:
        item(
            console,
            lang(
                "Architectures of families released in {month} or later were not "
                "asked; tokenizers carry no date and were all asked.",
                month=document.before,
            ),
            "dim",
        )
    _again(document.command, console, lang)


def print_lineage(
    lineage: Sequence[LineageItem], console: Console, lang: Language = ENGLISH
) -> None:
    """Tokenizer and architecture of an audit, in a line or two for each reference."""
    for kind, title, caveat in (
        ("tokenizer", lang("Tokenizer"), say.tokenizer_caveat(lang)),
        ("architecture", lang("Architecture"), say.architecture_caveat(lang)),
    ):
        items = [one for one in lineage if one.kind == kind]
        if not items:
            continue
        heading(console, title)
        for one in items:
            for missing in one.missing:
                text = say.missing_text(kind, missing, lang)
                more = f": {missing.detail}" if missing.detail else ""
                item(console, f"{one.reference}: {text}{more}", "dim")
            if one.tokenizer is not None:
                item(console, say.pair_sentences(one.tokenizer, lang)[0])
            if one.architecture is not None:
                for component in one.architecture.components:
                    text = say.component_sentence(component, lang)
                    item(console, f"{one.reference}: {text}")
        if any(not one.missing for one in items):
            item(console, caveat, "italic")


def _again(command: Sequence[str], console: Console, lang: Language) -> None:
    if command:
        heading(console, lang("Run it again"))
        item(console, fmt.command_line(command))
