# SPDX-License-Identifier: Apache-2.0
"""Gathering explained names into modules.

The kind of a module follows from what stands in front of its layers (``visual``,
``audio_tower``), from what it holds (a patch embedding, a convolution over spectra) and
only then from the family's own word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from parentage.model.assign import Group, Item
from parentage.model.families import Family
from parentage.model.names import words

_WORDS: Final[dict[str, frozenset[str]]] = {
    "vision_encoder": frozenset({"vision", "visual", "vit", "image", "img", "video"}),
    "audio_encoder": frozenset({"audio", "speech", "acoustic", "sound"}),
    "projector": frozenset({"projector", "merger", "connector", "aligner", "adapter"}),
}
MAX_PARTS: Final = 32
_EMBEDDINGS: Final = frozenset(
    {"token_embedding", "position_embedding", "token_type_embedding"}
)
_HEADS: Final = frozenset({"lm_head", "lm_head_bias"})


@dataclass(slots=True)
class Part:
    """A module in the making."""

    kind: str
    home: str
    family: Family
    items: list[Item] = field(default_factory=list)
    name: str = ""

    @property
    def layered(self) -> bool:
        """Whether it has repeated layers."""
        return any(item.layer is not None for item in self.items)

    @property
    def size(self) -> int:
        """Stored weights."""
        return sum(item.stored.size for item in self.items)


def kind_of(group: Group) -> str:
    """Kind of module that a group of names belongs to."""
    held = {role for item in group.items for role in item.rule.roles}
    family = group.family.kind
    if family == "projector":
        return family
    if "patch_embedding" in held:
        return "vision_encoder"
    if "input_conv" in held:
        return "audio_encoder"
    told = kind_of_words(group.scope)
    if told is not None:
        return told
    found = words(group.scope)
    encodes = "encoder" in found and "decoder" not in found
    return "text_encoder" if encodes or family == "audio_encoder" else family


def kind_of_words(scope: str) -> str | None:
    """Kind of module that the words of a scope tell, if any."""
    found = words(scope)
    for kind, signs in _WORDS.items():
        if not signs.isdisjoint(found):
            return kind
    return None


def _common(a: str, b: str) -> int:
    """Number of leading components that two scopes share."""
    count = 0
    for left, right in zip(a.split("."), b.split("."), strict=False):
        if left != right:
            break
        count += 1
    return count


def gather(groups: Iterable[Group]) -> list[Part]:
    """Modules out of groups, without names yet.

    Past ``MAX_PARTS`` of a kind, the last one takes what comes.
    """
    owners: dict[tuple[str, str], Part] = {}
    counts: Counter[str] = Counter()

    def owner(kind: str, home: str, family: Family) -> Part:
        key = (kind, home)
        if key not in owners:
            counts[kind] += 1
            if counts[kind] > MAX_PARTS:
                key = next(k for k in reversed(owners) if k[0] == kind)
            else:
                owners[key] = Part(kind, home, family)
        return owners[key]

    loose: list[tuple[str, Group, Item]] = []
    for group in groups:
        own = kind_of(group)
        for item in group.items:
            kind = item.rule.module or own
            if item.layer is not None and kind not in {"projector", "head"}:
                owner(kind, group.scope, group.family).items.append(item)
            else:
                loose.append((kind, group, item))
    layered = list(owners.values())
    for kind, group, item in loose:
        target = _target(kind, group, item, layered)
        if isinstance(target, Part):
            target.items.append(item)
        else:
            owner(*target, group.family).items.append(item)
    return list(owners.values())


def _target(
    kind: str, group: Group, item: Item, layered: list[Part]
) -> Part | tuple[str, str]:
    """Where a tensor outside the layers belongs."""
    if kind == "projector":
        front = item.rule.suffix.split(".", maxsplit=1)[0]
        return kind, f"{group.scope}.{front}"
    role = item.rule.roles[0]
    wanted = ""
    if role in _HEADS or kind == "head":
        wanted = "head"
    elif kind in {"text_decoder", "text_encoder"} and role in _EMBEDDINGS:
        wanted = "embedding"
    hosts = [p for p in layered if p.kind == kind]
    if not hosts and wanted:
        hosts = [p for p in layered if p.kind in {"text_decoder", "text_encoder"}]
    host = max(
        hosts,
        key=lambda p: (_common(p.home, group.scope), p.size, p.home),
        default=None,
    )
    if wanted:
        return wanted, host.home if host else ""
    return host if host else (kind, "")


def named(parts: list[Part]) -> list[Part]:
    """Number the parts of a kind, and let their family speak for head and embedding."""
    counts: dict[str, int] = {}
    homes = {p.home: p.family for p in parts if p.layered}
    done = []
    for part in sorted(parts, key=lambda p: (-p.size, p.home)):
        counts[part.kind] = counts.get(part.kind, 0) + 1
        number = counts[part.kind]
        name = part.kind if number == 1 else f"{part.kind}_{number}"
        family = part.family
        if part.kind in {"embedding", "head"}:
            family = homes.get(part.home, family)
        done.append(replace(part, name=name, family=family))
    return done
