# SPDX-License-Identifier: Apache-2.0
"""A change of a model card that the evidence suggests, as a unified diff.

Only what exact tests found and no declaration names is added; nothing is taken out.
The maker decides whether it is right: the name is that of the reference as the audit
called it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import yaml

from parentage.artifact.entry import shown
from parentage.report.verdict_words import CLASSES
from parentage.report.words import label, percent

if TYPE_CHECKING:
    from parentage.model.card import Card
    from parentage.report.document import Report
    from parentage.report.verdict_declared import DeclaredRow
    from parentage.run.provenance import Provenance

RELATION = {
    "fine-tuned-external": "finetune",
    "merged": "merge",
    "frozen-external": "quantized",
}
SECTION = "## Components from other models"
_FENCE = "---"
_PLAIN = re.compile(r"[A-Za-z0-9][\w./-]*")


def card_patch(
    card: Card | None,
    report: Report,
    found: Mapping[str, Provenance],
    rows: Iterable[DeclaredRow],
) -> str:
    """The diff; empty where the card needs no change."""
    missing = [
        (row.subject, reference)
        for row in rows
        if row.outcome == "undeclared"
        for reference in found[row.subject].references
        if f"({reference})" in row.found
    ]
    if not missing:
        return ""
    old = _lines(card.text) if card is not None else []
    missing = [(module, shown(reference)) for module, reference in missing]
    names = list(dict.fromkeys(reference for _, reference in missing))
    new = _with_bases(old, card, names, _relation(missing, found))
    if new and not new[-1].endswith("\n"):
        new[-1] += "\n"
    new += ["\n"] if new and new[-1].strip() else []
    new += [f"{SECTION}\n", "\n"]
    shares = {m.name: m.share for m in report.modules}
    for module, reference in missing:
        kind = CLASSES[found[module].found]
        share = percent(shares[module])
        new.append(
            f"- {label(module)} ({share} of parameters): {kind}, from {reference}\n"
        )
    diff = difflib.unified_diff(
        old,
        new,
        "a/README.md" if card is not None else "/dev/null",
        "b/README.md",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in diff
    )


def _lines(text: str) -> list[str]:
    """Lines with their ends; only a newline ends one, as for tools that patch."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def _relation(
    missing: Iterable[tuple[str, str]], found: Mapping[str, Provenance]
) -> str | None:
    """Relation of the whole, which only the text decoder can stand for."""
    for module, _ in missing:
        if found[module].component == "decoder-weights":
            return RELATION.get(found[module].found)
    return None


def _with_bases(
    old: list[str], card: Card | None, names: list[str], relation: str | None
) -> list[str]:
    """The card with the names in its front matter."""
    if card is None or card.front == 0:
        fence = f"{_FENCE}\n"
        return [fence, *_entry(names, relation), fence, *(["\n"] if old else []), *old]
    end = card.front - 1  # the closing fence
    line = card.lines.get("base_model")
    if line is None:
        return [*old[:end], *_entry(names, relation), *old[end:]]
    start = line - 1
    stop = start + 1
    while stop < end and re.match(r"\s|-", old[stop]):
        stop += 1
    both = [*card.get("base_model"), *names]
    keep = None if card.get("base_model_relation") else relation
    return [*old[:start], *_entry(both, keep), *old[stop:]]


def _entry(names: list[str], relation: str | None) -> list[str]:
    rows = ["base_model:\n", *(f"- {_quoted(name)}\n" for name in names)]
    return [*rows, *([f"base_model_relation: {relation}\n"] if relation else [])]


def _quoted(name: str) -> str:
    """A name as YAML reads it back, whatever it holds."""
    if _PLAIN.fullmatch(name) and yaml.safe_load(name) == name:
        return name
    return "'" + name.replace("'", "''") + "'"
