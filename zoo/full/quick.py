# SPDX-License-Identifier: Apache-2.0
"""A reduced set for CI, made in seconds from the bundled models, without torch.

``python -m zoo.full.quick`` copies the bundled models, transforms some of them, and
writes a manifest and pairs in the formats of the full zoo.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.full import manifest
from zoo.full.descend import Change, descendant, mapped, truth
from zoo.full.pairs import pairs
from zoo.full.spec import ROOT, Item
from zoo.transforms import registry
from zoo.transforms.weights import load, store

BUNDLED = ROOT / "zoo"
UNTOUCHED = truth(embedding="identical", head="identical")
SIMPLE: Mapping[str, tuple[Change, dict[str, str]]] = {
    "8-bit": (("round-to-nearest", {"bits": 8}), UNTOUCHED),
    "4-bit": (("round-to-nearest", {"bits": 4}), UNTOUCHED),
    "fp8": (("fp8", {}), UNTOUCHED),
    "renamed": (("rename", {}), truth("identical")),
    "fused": (("fuse", {}), truth("identical")),
    "extended": (("extend-vocabulary", {"tokens": 576, "seed": 1}), truth()),
    "narrow": (("prune-neurons", {"keep": 160}), UNTOUCHED),
    "noise-0.5": (("noise", {"correlation": 0.5, "seed": 2}), truth()),
    "noise-0.2": (("noise", {"correlation": 0.2, "seed": 3}), truth()),
}
FRESH = {"embedding": "independent", "head": "independent"}


def _family(parent: str, stranger: str) -> list[Item]:
    """Descendants of one bundled decoder."""
    items = [
        descendant(f"{parent}-{word}", word, [parent], [change], modules=modules)
        for word, (change, modules) in SIMPLE.items()
    ]
    six = tuple((n, n) for n in range(6))
    moe = {"attention": six, "experts": six}
    for word, settings in (("upcycled", {}), ("upcycled-shuffled", {"shuffle": True})):
        change = ("upcycle", {"experts": 4, "seed": 4, "noise": 0.05, **settings})
        items.append(
            descendant(
                f"{parent}-{word}",
                word.replace("-", " "),
                [parent],
                [change],
                modules=UNTOUCHED,
                layers=moe,
                honest=not settings,
            )
        )
    three = tuple((n, n) for n in range(3))
    taken: Change = ("take", {"parts": [f"layer-{n}" for n in range(3)], "seed": 5})
    body: Change = ("take", {"parts": ["attention"], "seed": 6})
    items += [
        descendant(
            f"{parent}-pruned-layers",
            "layers pruned",
            [parent],
            [("prune-layers", {"keep": [0, 1, 3, 5]})],
            modules=truth("identical"),
            layers=mapped((0, 1, 3, 5)),
        ),
        descendant(
            f"{parent}-upscaled",
            "depth up-scaled",
            [parent],
            [("upscale", {"take": 4})],
            modules=truth("identical"),
            layers=mapped((0, 1, 2, 3, 2, 3, 4, 5)),
        ),
        descendant(
            f"{parent}-took-half",
            "half taken",
            [parent],
            [taken],
            modules=truth(**FRESH),
            layers={"attention": three, "mlp": three},
        ),
        descendant(
            f"{parent}-took-attention",
            "one part taken (attention)",
            [parent],
            [body],
            modules=truth(**FRESH),
            layers={"attention": six, "mlp": ()},
        ),
        descendant(
            f"{parent}-linear",
            "linear merge of independent models",
            [parent, stranger],
            [("linear", {"shares": [0.7, 0.3]})],
        ),
        descendant(
            f"{parent}-all-disguises",
            "disguise: all-disguises",
            [parent],
            [("all-disguises", {"seed": 7})],
            dtype="F32",
            honest=False,
        ),
        descendant(
            f"{parent}-permute-neurons",
            "disguise: permute-neurons",
            [parent],
            [("permute-neurons", {"seed": 8})],
            dtype="F32",
            honest=False,
        ),
    ]
    return items


PLAN: tuple[Item, ...] = (
    *_family("decoder-a", "decoder-b"),
    *_family("decoder-b", "decoder-a"),
)


def bundled() -> list[dict[str, Any]]:
    """The bundled models as rows of the full zoo's manifest."""
    text = (BUNDLED / "manifest.json").read_text(encoding="utf-8")
    rows = []
    for model in json.loads(text)["models"]:
        name = model["id"]
        kind = {"vlm": "vlm", "moe": "moe"}.get(name.split("-")[0], "llama")
        carried: dict[str, dict[str, Any]] = {}
        everything = ["text_decoder", "embedding", "head"]
        if kind == "vlm":
            everything += ["vision_encoder", "projector"]
        for link in model["parentage"]:
            fresh = {
                "parent": link["parent"],
                "modules": dict.fromkeys(everything, "independent"),
                "layers": None,
            }
            row = carried.setdefault(link["parent"], fresh)
            frozen = link["relation"] == "frozen copy"
            row["modules"][link["module"]] = "identical" if frozen else "reused"
            if link["layers"]:
                order = [[n, n] for n in link["layers"]]
                row["layers"] = {"attention": order, "mlp": order}
        rows.append(
            {
                **{key: model[key] for key in ("id", "seed", "init_seed", "data")},
                **{key: model[key] for key in ("steps", "loss", "sha256")},
                "kind": "bundled" if carried else "base",
                "architecture": kind,
                "group": "bundled",
                "recipe": model["recipe"],
                "parents": list(carried.values()),
                "sources": [],
                "honest": True,
            }
        )
    return rows


def derived(item: Item, folder: Path) -> dict[str, Any]:
    """Make one model, and its row."""
    recipe: dict[str, Any] = dict(item.recipe)
    models = [load(folder / name) for name in recipe["inputs"]]
    target = folder / item.id
    shutil.rmtree(target, ignore_errors=True)
    store(registry.apply(models, recipe["transforms"]), target, recipe["dtype"])
    weights = (target / "model.safetensors").read_bytes()
    return {
        "id": item.id,
        "kind": item.kind,
        "architecture": item.architecture,
        "group": item.group,
        "recipe": recipe,
        "init_seed": None,
        "steps": 0,
        "loss": [],
        "sha256": hashlib.sha256(weights).hexdigest(),
        "parents": item.truth(),
        "sources": list(item.sources),
        "honest": item.honest,
    }


def build(folder: Path) -> dict[str, Any]:
    """Make the reduced set, with ``manifest.json`` and ``pairs.json`` beside it.

    Args:
        folder: where the models go, one folder each.
    """
    rows = bundled()
    for row in rows:
        source = BUNDLED / "models" / row["id"]
        shutil.copytree(source, folder / row["id"], dirs_exist_ok=True)
    rows += [derived(item, folder) for item in PLAN]
    whole = {"schema": manifest.SCHEMA, "models": rows}
    manifest.write(folder / "manifest.json", whole)
    found = json.dumps(pairs(rows), indent=1)
    (folder / "pairs.json").write_text(found + "\n", encoding="utf-8")
    return whole


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "zoo-quick")
    build(parser.parse_args().out)


if __name__ == "__main__":
    main()
