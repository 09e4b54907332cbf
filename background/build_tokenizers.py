# SPDX-License-Identifier: Apache-2.0
"""Builds the background of known tokenizers from public files.

Reads the tokenizers under ``$PARENTAGE_DATA/tokenizers``, labels their pairs by
``tokenizer_labels.toml`` and writes into ``src/parentage/evidence/background``:

* ``tokenizers.xz``: hashes, ids and order of the tokens, no text;
* ``tokenizers.json``: names, where each file was found, the shares of every pair, the
  cuts that follow, and how often they err on families left out.

``docs/methods/tokenizer.md`` and its figure are written by ``tokenizer_page.py``.

Run: ``PARENTAGE_DATA=... python -m background.build_tokenizers``
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from parentage.errors import ParentageError
from parentage.evidence.background import token_lists
from parentage.evidence.background.tokenizers import FACTS, LISTS
from parentage.evidence.tokenizer.calibration import (
    LabelledPair,
    error_rates,
    leave_families_out,
)
from parentage.evidence.tokenizer.compare import compare_all
from parentage.evidence.tokenizer.comparison import TokenizerComparison
from parentage.evidence.tokenizer.rule import features, fit, scope_of
from parentage.evidence.tokenizer.vocabulary import Vocabulary, vocabulary
from parentage.model.tokenizer.read import read_tokenizer

HERE = Path(__file__).parent
TARGET = HERE.parent / "src/parentage/evidence/background"
DIGITS = 6


@dataclass(frozen=True)
class Known:
    """One labelled tokenizer and what was read from its files."""

    label: Mapping[str, Any]
    family: str
    vocabularies: Mapping[str, Vocabulary]
    sums: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its short name."""
        return str(self.label["name"])

    @property
    def first(self) -> Vocabulary:
        """From the first file that could be read."""
        return replace(next(iter(self.vocabularies.values())), name=self.name)


def labels() -> dict[str, Any]:
    """What is known about the tokenizers."""
    text = (HERE / "tokenizer_labels.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def families(labelled: Mapping[str, Any]) -> dict[str, str]:
    """Family of each tokenizer: all that relations join, named after the first."""
    family = {entry["name"]: entry["name"] for entry in labelled["tokenizer"]}
    order = list(family)
    for relation in labelled["relation"]:
        joined = sorted((family[relation["a"]], family[relation["b"]]), key=order.index)
        for name, held in family.items():
            if held in joined:
                family[name] = joined[0]
    return family


def read(folder: Path) -> tuple[list[Known], list[str]]:
    """Read every labelled file; also which files could not be read, and why."""
    labelled = labels()
    family = families(labelled)
    found, failed = [], []
    for entry in labelled["tokenizer"]:
        vocabularies, sums = {}, {}
        for name in entry["files"]:
            path = folder / name
            try:
                vocabularies[name] = vocabulary(read_tokenizer(path), name)
            except ParentageError as error:
                failed.append(f"{name}: {error}")
                continue
            sums[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        if vocabularies:
            found.append(Known(entry, family[entry["name"]], vocabularies, sums))
    return found, failed


def relation_of(a: Known, b: Known, relations: Sequence[Mapping[str, str]]) -> str:
    """What is known about two tokenizers.

    ``same``, the kind of a stated relation, ``ancestor`` for two that extend one
    base, ``family``, ``owner`` or ``compiled`` for pairs that count neither way, and
    ``independent``.
    """
    if a.name == b.name:
        return "same"
    for relation in relations:
        if {a.name, b.name} == {relation["a"], relation["b"]}:
            return relation["kind"]
    if a.family == b.family:
        kept = [r for r in relations if r["kind"] != "generation"]
        bases = [_bases(known.name, kept) for known in (a, b)]
        return "ancestor" if bases[0] & bases[1] else "family"
    if a.label.get("compiled") or b.label.get("compiled"):
        return "compiled"
    if a.label["owner"] == b.label["owner"]:
        return "owner"
    return "independent"


def _bases(name: str, relations: Sequence[Mapping[str, str]]) -> set[str]:
    """A tokenizer and everything that it is stated to come from."""
    found = {name}
    while more := {r["b"] for r in relations if r["a"] in found} - found:
        found |= more
    return found


LABEL = {
    "same": "related",
    "extends": "related",
    "reorders": "related",
    "ancestor": "related",
    "independent": "independent",
}


def build(known: Sequence[Known], found_at: Mapping[str, Any]) -> tuple[Any, bytes]:
    """The facts and the packed lists, before compression."""
    relations = labels()["relation"]
    firsts = [entry.first for entry in known]
    compared = [
        (known[i], known[j], relation_of(known[i], known[j], relations), c)
        for i, j, c in compare_all(firsts)
    ]
    controls = [c for *_, relation, c in compared if relation == "independent"]
    scope = scope_of(controls)
    pairs = [
        LabelledPair(
            families=(a.family, b.family),
            label=LABEL.get(relation, "unlabelled"),  # type: ignore[arg-type]
            shares=_rounded(features(c, scope)),
        )
        for a, b, relation, c in compared
    ]
    links = leave_families_out(pairs)
    rates = {k: _rounded(r.to_dict()) for k, r in error_rates(pairs, links).items()}
    cuts = fit(pair.shares for pair in pairs if pair.label == "independent")
    facts = {
        "schema": "parentage.tokenizers/1",
        "bits": token_lists.STORED_BITS,
        "scope": asdict(scope),
        "cuts": {
            name: _rounded(
                {
                    "largest_control": cut.largest_control,
                    "clear": cut.clear,
                    "link": cut.link,
                }
            )
            for name, cut in cuts.items()
        },
        "contained_cut": _contained_cut(compared),
        "rates": rates,
        "tokenizers": [_entry(entry, found_at) for entry in known],
        "pairs": [
            {
                "a": a.name,
                "b": b.name,
                "families": list(pair.families),
                "label": pair.label,
                "relation": relation,
                **pair.shares,
                "contained": round(max(c.contained_a, c.contained_b), DIGITS),
                "link": link,
            }
            for (a, b, relation, c), pair, link in zip(
                compared, pairs, links, strict=True
            )
        ],
    }
    return facts, token_lists.pack(firsts)


def _contained_cut(
    compared: Sequence[tuple[Known, Known, str, TokenizerComparison]],
) -> float:
    """Halfway between the least contained base and the most contained cousin."""
    largest = {"extends": [1.0], "ancestor": [0.0]}
    for *_, relation, c in compared:
        if relation in largest:
            largest[relation].append(max(c.contained_a, c.contained_b))
    cousins = [value for value in largest["ancestor"] if value < 0.95]
    return round((min(largest["extends"]) + max(cousins)) / 2, DIGITS)


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, DIGITS) if isinstance(value, float) else value
        for name, value in values.items()
    }


def _entry(known: Known, found_at: Mapping[str, Any]) -> dict[str, Any]:
    files = []
    for name, digest in known.sums.items():
        row = found_at.get(name, {})
        if row and row["sha256"] != digest:
            sys.exit(f"{name} is not the file that was found at {row['repo']}")
        files.append(
            {
                "repository": row.get("repo", "not recorded"),
                "path": row.get("path", name),
                "commit": row.get("commit", ""),
                "licence": row.get("repo_licence_seen", "none seen").split(":")[-1],
                "sha256": digest,
            }
        )
    return {
        "name": known.name,
        "title": known.label["title"],
        "owner": known.label["owner"],
        "family": known.family,
        "source": known.label["source"],
        "files": files,
    }


def provenance(folder: Path) -> dict[str, dict[str, str]]:
    """Where each file was found, by its name under ``tokenizers``; may be empty."""
    for file in (folder / "PROVENANCE.tsv", Path(os.environ.get("PROVENANCE", "-"))):
        if file.is_file():
            with file.open(encoding="utf-8", newline="") as lines:
                rows = csv.DictReader(lines, delimiter="\t")
                return {r["dest"]: r for r in rows if r["category"] == "tokenizers"}
    return {}


def write_json(facts: Mapping[str, Any]) -> str:
    """The facts as text, one pair and one tokenizer to a line."""
    lines = []
    for name, value in facts.items():
        if isinstance(value, list):
            rows = ",\n".join(
                "  " + json.dumps(row, ensure_ascii=False) for row in value
            )
            lines.append(f' "{name}": [\n{rows}\n ]')
        else:
            lines.append(f' "{name}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Write both files."""
    data = Path(os.environ["PARENTAGE_DATA"])
    found_at = provenance(data)
    if not found_at:
        sys.exit("PROVENANCE.tsv not found: name it in the variable PROVENANCE")
    known, failed = read(data / "tokenizers")
    for line in failed:
        sys.stdout.write(f"not read: {line}\n")
    facts, lists = build(known, found_at)
    (TARGET / FACTS).write_text(write_json(facts), encoding="utf-8")
    (TARGET / LISTS).write_bytes(token_lists.compress(lists))
    sizes = ", ".join(f"{n} {(TARGET / n).stat().st_size:,}" for n in (FACTS, LISTS))
    pairs = len(list(itertools.combinations(known, 2)))
    sys.stdout.write(f"{len(known)} tokenizers, {pairs} pairs; bytes: {sizes}\n")
    for name, rate in facts["rates"].items():
        sys.stdout.write(f"{name}: {rate}\n")


if __name__ == "__main__":
    main()
