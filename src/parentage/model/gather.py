# SPDX-License-Identifier: Apache-2.0
"""Gathering explained names into modules.

The kind of a module follows from what stands in front of its layers (``visual``,
``audio_tower``), from what it holds (a patch embedding, a convolution over spectra) and
only then from the family's own word.
"""

from __future__ import annotations

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
    found = words(group.scope)
    if group.family.kind == "projector":
        return "projector"
    if "patch_embedding" in held:
        return "vision_encoder"
    if "input_conv" in held:
        return "audio_encoder"
    for kind, signs in _WORDS.items():
        if not signs.isdisjoint(found):
            return kind
    if "encoder" in found and "decoder" not in found:
        return "text_encoder"
    if group.family.kind == "audio_encoder":
        return "text_encoder"
    return group.family.kind


def _common(a: str, b: str) -> int:
    """Number of leading components that two scopes share."""
    count = 0
    for left, right in zip(a.split("."), b.split("."), strict=False):
        if left != right:
            break
        count += 1
    return count


def gather(groups: Iterable[Group]) -> list[Part]:
    """Modules out of groups, biggest first within a kind."""
    groups = list(groups)
    kinds = {id(group): kind_of(group) for group in groups}
    owners: dict[tuple[str, str], Part] = {}
    loose: list[tuple[str, Group, Item]] = []
    for group in groups:
        for item in group.items:
            kind = item.rule.module or kinds[id(group)]
            if item.layer is not None and kind not in {"projector", "head"}:
                key = (kind, group.scope)
                part = owners.setdefault(key, Part(kind, group.scope, group.family))
                part.items.append(item)
            else:
                loose.append((kind, group, item))
    layered = list(owners.values())
    for kind, group, item in loose:
        target = _target(kind, group, item, layered)
        if isinstance(target, Part):
            target.items.append(item)
        else:
            part = owners.setdefault(target, Part(*target, group.family))
            part.items.append(item)
    return _named(list(owners.values()))


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
        return wanted, host.home if host else group.scope
    return host if host else (kind, group.scope)


def _named(parts: list[Part]) -> list[Part]:
    """Number the parts of a kind, and let their family speak for head and embedding."""
    counts: dict[str, int] = {}
    homes = {p.home: p.family for p in parts if p.layered}
    named = []
    for part in sorted(parts, key=lambda p: (-p.size, p.home)):
        counts[part.kind] = counts.get(part.kind, 0) + 1
        number = counts[part.kind]
        name = part.kind if number == 1 else f"{part.kind}_{number}"
        family = part.family
        if part.kind in {"embedding", "head"}:
            family = homes.get(part.home, family)
        named.append(replace(part, name=name, family=family))
    return named
