# SPDX-License-Identifier: Apache-2.0
"""What one model of the full zoo is: data only, no code runs here."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DECODER = ("text_decoder", "embedding", "head")
STORIES: Mapping[str, float] = {"stories": 1.0}
NOTES: Mapping[str, float] = {"notes": 1.0}
MIXED: Mapping[str, float] = {"notes": 0.5, "stories": 0.5}

LayerMap = Mapping[str, tuple[tuple[int, int], ...]]
"""Block (``attention``, ``mlp``, ``experts``) to pairs (own layer, parent's layer)."""


def cache(replica: int = 0) -> Path:
    """Folder of the built models: ``build/zoo-full``, or ``PARENTAGE_ZOO_CACHE``.

    Args:
        replica: number of a replica of the plan; its folder has that number.
    """
    default = str(ROOT / "build" / "zoo-full")
    folder = Path(os.environ.get("PARENTAGE_ZOO_CACHE", default))
    return folder.with_name(f"{folder.name}-{replica}") if replica else folder


def manifest_path(replica: int = 0) -> Path:
    """Manifest in git of the full zoo or of a replica of it."""
    name = f"full-manifest-{replica}.json" if replica else "full-manifest.json"
    return ROOT / "zoo" / name


@dataclass(frozen=True, slots=True)
class Link:
    """What a model carries of one parent.

    Attributes:
        parent: id of the parent.
        modules: relation of each module: ``identical``, ``reused``, ``independent``.
        layers: which layers came from which, where not all layers stayed in place.
    """

    parent: str
    modules: Mapping[str, str]
    layers: LayerMap | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One model to build.

    Attributes:
        id: its name and folder.
        kind: what was done, such as ``base`` or ``lora-r4``.
        architecture: ``llama``, ``gpt_neox``, ``moe`` or ``vision``.
        group: a set of comparable models, such as ``seed-only``.
        recipe: all settings; see :mod:`zoo.full.make`.
        links: truth for each parent.
        sources: models that must exist first, beyond the parents (teachers, the base
            of a merge).
        honest: false for what was done to hide the parent.
        unchanged: whether the outputs must equal the parent's.
    """

    id: str
    kind: str
    architecture: str
    group: str
    recipe: Mapping[str, object]
    links: tuple[Link, ...] = ()
    sources: tuple[str, ...] = ()
    honest: bool = True
    unchanged: bool = False
    needs: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        parents = [link.parent for link in self.links]
        needs = dict.fromkeys([*parents, *self.sources])
        object.__setattr__(self, "needs", tuple(needs))

    def digest(self) -> str:
        """Digest of everything that decides what is built."""
        parts = [self.id, self.recipe, self.needs]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def truth(self) -> list[dict[str, object]]:
        """The links as rows of the manifest."""
        return [asdict(link) for link in self.links]
