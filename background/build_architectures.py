# SPDX-License-Identifier: Apache-2.0
"""Builds the background of known architectures from public configs.

Reads the configs under ``$PARENTAGE_DATA/configs`` and the typed-in facts beside this
script, labels each with the organisation, family and model whose architecture it is,
and writes ``src/parentage/evidence/background/architectures.json``: values with the
repository, licence and SHA-256 of the file they come from. No file is copied.

Run: ``PARENTAGE_DATA=... python -m background.build_architectures``
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from parentage.errors import ConfigError
from parentage.model.architecture import Architecture, Component, read_architecture

HERE = Path(__file__).parent
TARGET = HERE.parent / "src/parentage/evidence/background/architectures.json"
SCHEMA = "parentage.architectures/1"
SIDES = {"text_decoder": "text", "vision_encoder": "vision", "audio_encoder": "audio"}


def load(file: Path) -> dict[str, Any]:
    """A config as a table."""
    text = file.read_text(encoding="utf-8")
    data = yaml.safe_load(text) if file.suffix == ".yaml" else json.loads(text)
    return dict(data)


def provenance(folder: Path) -> dict[str, dict[str, str]]:
    """Where each config was found, by file name."""
    for file in (folder / "PROVENANCE.tsv", Path(os.environ.get("PROVENANCE", ""))):
        if file.is_file():
            with file.open(encoding="utf-8", newline="") as lines:
                rows = csv.DictReader(lines, delimiter="\t")
                return {r["dest"]: r for r in rows if r["category"] == "configs"}
    sys.exit("PROVENANCE.tsv not found: name it in the variable PROVENANCE")


def label(stem: str, labels: list[dict[str, str]]) -> dict[str, str] | None:
    """The first label that fits a file."""
    return next((x for x in labels if re.search(x["match"], stem)), None)


def lines(marked: dict[str, str], kind: str) -> tuple[str, str, str]:
    """Organisation, family and model of one component."""
    side = SIDES[kind]
    owner, family, model = marked["text"].split("/")
    if side in marked:
        owner, family, model = marked[side].split("/")
    elif side != "text":
        family, model = f"{family}-{side}", f"{model} {side}"
    return owner, family, model


def entry(
    component: Component,
    line: tuple[str, str, str],
    roots: dict[str, str],
    released: dict[str, str],
) -> dict[str, Any]:
    """One component with its line: values, and which of them nobody stated."""
    owner, family, model = line
    fields = {name: found.to_dict() for name, found in component.fields.items()}
    guessed = component.guessed()
    return {
        "kind": component.kind,
        "organisation": owner,
        "family": family,
        "model": model,
        "design": root(f"{owner}/{family}", roots),
        "released": released[f"{owner}/{family}"],
        "values": {name: found["value"] for name, found in fields.items()},
        "unsaid": sorted(component.unsaid() - guessed),
        "guessed": sorted(guessed),
    }


def root(family: str, roots: dict[str, str]) -> str:
    """The family that a design goes back to."""
    while family in roots:
        family = roots[family]
    return family


def collect(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Every component of every readable config, and the files that are none."""
    labels = tomllib.loads((HERE / "architecture_labels.toml").read_text("utf-8"))
    facts = tomllib.loads((HERE / "architecture_facts.toml").read_text("utf-8"))
    roots = {r["family"]: r["from"] for r in labels["reuse"]}
    dates = labels["released"]
    known = provenance(folder)
    entries: list[dict[str, Any]] = []
    refused: list[str] = []

    def add(
        found: Architecture, marked: dict[str, str], source: dict[str, str]
    ) -> None:
        for component in found.components.values():
            made = entry(component, lines(marked, component.kind), roots, dates)
            same = next(
                (e for e in entries if {**e, "sources": 0} == {**made, "sources": 0}),
                None,
            )
            if same is None:
                entries.append({**made, "sources": [source]})
            else:
                same["sources"].append(source)

    for file in sorted((folder / "configs").iterdir()):
        try:
            found = read_architecture(load(file), name=file.name)
        except ConfigError:
            refused.append(file.name)
            continue
        marked = label(file.stem, labels["label"])
        if marked is None:
            sys.exit(f"{file.name}: no label fits")
        row = known[file.name]
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        if digest != row["sha256"]:
            sys.exit(f"{file.name}: not the file that PROVENANCE.tsv lists")
        add(
            found,
            marked,
            {
                "repository": row["repo"],
                "path": row["path"],
                "commit": row["commit"],
                "licence": row["repo_licence_seen"],
                "sha256": digest,
            },
        )
    for fact in facts["model"]:
        # A table of facts leaves things out that the config says: usual is not known.
        found = read_architecture(fact["config"], name=fact["name"])
        parts = {k: replace(c, known_type=False) for k, c in found.components.items()}
        found = replace(found, components=parts)
        names = [facts["sources"][letter] for letter in fact["sources"].split()]
        source = {"repository": "; ".join(names), "licence": "facts, see sources"}
        add(found, fact, source)
    return entries, refused


def main() -> None:
    """Write the background."""
    data = os.environ.get("PARENTAGE_DATA")
    if not data:
        sys.exit("PARENTAGE_DATA is not set")
    entries, refused = collect(Path(data))
    entries.sort(key=lambda e: (e["kind"], e["organisation"], e["family"], e["model"]))
    rows = ",\n".join(json.dumps(e, ensure_ascii=False) for e in entries)
    head = json.dumps({"schema": SCHEMA, "refused": refused}, ensure_ascii=False)
    TARGET.write_text(f'{head[:-1]}, "entries": [\n{rows}\n]}}\n', encoding="utf-8")
    units = {(e["kind"], e["design"]) for e in entries}
    sys.stdout.write(
        f"{len(entries)} components, {len(units)} independent designs, "
        f"{TARGET.stat().st_size} bytes; refused: {refused}\n"
    )


if __name__ == "__main__":
    main()
