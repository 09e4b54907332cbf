# SPDX-License-Identifier: Apache-2.0
"""All comparisons between models of a manifest, with their true answers.

A pair is independent only if the two models share no ancestor in weights and no
initial seed. Descendants are related to their parents and to the models these go
back to; other kin (siblings, uncles) are not compared at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

Row = Mapping[str, Any]
Pair = dict[str, Any]
STRANGERS = 3
"""Unrelated models that each descendant is compared with."""

RANK = ("identical", "reused", "independent")


def split(first: str, second: str) -> str:
    """``choose`` for a quarter of the pairs, ``held-back`` for the others."""
    value = _hash("|".join(sorted((first, second))))
    return "choose" if value[0] < 64 else "held-back"


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def ancestors(models: Mapping[str, Row], name: str) -> set[str]:
    """The model, all whose weights it carries, and tags of their initial seeds."""
    row = models[name]
    found = {name}
    if row.get("init_seed") is not None:
        found.add(f"init:{row['architecture']}:{row['init_seed']}")
    carried = [link["parent"] for link in row["parents"]]
    base = row["recipe"].get("base")
    for parent in [*carried, *([base] if base else [])]:
        found |= ancestors(models, parent)
    return found


def _compose(upper: Row, lower: Row) -> Row:
    """Truth about a grandparent, from two links."""
    modules = {}
    for module, word in upper["modules"].items():
        other = lower["modules"].get(module, "independent")
        modules[module] = max(word, other, key=RANK.index)
    layers = upper["layers"] or lower["layers"]
    if upper["layers"] and lower["layers"]:
        layers = {
            block: [
                [own, old]
                for own, middle in upper["layers"][block]
                for here, old in lower["layers"].get(block, [])
                if here == middle
            ]
            for block in upper["layers"]
        }
    return {"parent": lower["parent"], "modules": modules, "layers": layers}


def links(models: Mapping[str, Row], name: str) -> list[Row]:
    """Direct parents first, then the models that those go back to."""
    direct = list(models[name]["parents"])
    found = {link["parent"]: link for link in direct}
    for link in direct:
        for far in links(models, link["parent"]):
            if not models[far["parent"]]["parents"]:
                found.setdefault(far["parent"], _compose(link, far))
    return list(found.values())


def modules(row: Row) -> tuple[str, ...]:
    """Modules of a model."""
    text = ("text_decoder", "embedding", "head")
    if row["architecture"] == "vlm":
        return ("vision_encoder", "projector", *text)
    return ("vision_encoder",) if row["architecture"] == "vision" else text


def _pair(candidate: Row, reference: Row, label: str, truth: Row | None = None) -> Pair:
    words = dict.fromkeys(modules(candidate), "independent")
    if label == "same-seed":
        words = dict.fromkeys(words, "same-seed")
    return {
        "candidate": candidate["id"],
        "reference": reference["id"],
        "label": label,
        "kind": candidate["kind"],
        "honest": candidate["honest"],
        "modules": dict(truth["modules"]) if truth else words,
        "layers": truth["layers"] if truth else None,
        "split": split(candidate["id"], reference["id"]),
    }


def _comparable(a: Row, b: Row) -> bool:
    return bool(a["architecture"] == b["architecture"])


def _candidates(models: Mapping[str, Row]) -> Iterator[tuple[Row, Row]]:
    """Pairs that are independent unless they share an ancestor."""
    rows = list(models.values())
    bases = [row for row in rows if row["kind"] == "base"]
    yield from combinations(bases, 2)
    runs = {row["parents"][0]["parent"] for row in rows if row["kind"] == "checkpoint"}
    kept = [row for row in rows if row["kind"] == "checkpoint"]
    yield from combinations([*kept, *(models[run] for run in sorted(runs))], 2)
    for row in rows:
        if row["kind"] in {"base", "checkpoint"}:
            continue
        for source in row["sources"]:
            yield row, models[source]
        own = ancestors(models, row["id"])
        strangers = [
            base
            for base in bases
            if _comparable(row, base) and own.isdisjoint(ancestors(models, base["id"]))
        ]
        strangers.sort(key=lambda base: _hash(f"{row['id']}/{base['id']}"))
        for base in strangers[:STRANGERS]:
            yield row, base


def pairs(rows: Sequence[Row]) -> list[Pair]:
    """All comparisons, each with label, truth and part (``split``).

    Args:
        rows: the models of a manifest.
    """
    models = {row["id"]: row for row in rows}
    kin = {name: ancestors(models, name) for name in models}
    found: dict[frozenset[str], Pair] = {}
    for name, row in models.items():
        for link in links(models, name):
            reference = models[link["parent"]]
            key = frozenset((name, reference["id"]))
            found[key] = _pair(row, reference, "descendant", link)
    for a, b in _candidates(models):
        key = frozenset((a["id"], b["id"]))
        if key in found or not _comparable(a, b):
            continue
        shared = kin[a["id"]] & kin[b["id"]]
        if not shared:
            found[key] = _pair(a, b, "independent")
        elif not (a["parents"] or b["parents"]) and all(
            s.startswith("init:") for s in shared
        ):
            found[key] = _pair(a, b, "same-seed")
    return list(found.values())
