# SPDX-License-Identifier: Apache-2.0
"""Descendants made of weights alone: quantised, merged, disguised, stored otherwise."""

from __future__ import annotations

from zoo.full.descend import OTHERS, PARENTS, Change, descendant, mapped, truth, tuning
from zoo.full.spec import Item
from zoo.full.trained import siblings

SAME = {"embedding": "identical", "head": "identical"}
DISGUISES = (
    "permute-neurons",
    "permute-heads",
    "permute-residual",
    "flip-neurons",
    "flip-values",
    "rescale-neurons",
    "fold-gains",
    "rotate-residual",
    "all-disguises",
)


def _merges(n: int, parent: str) -> list[Item]:
    children = siblings(parent)
    stranger = "llama-seed-7"
    groups = {
        "two siblings": children[:2],
        "three siblings": children,
        "sibling and independent": [children[0], stranger],
    }
    items = []
    for what, parents in groups.items():
        for method in ("linear", "slerp", "ties", "dare"):
            with_base = method in ("ties", "dare")
            settings: dict[str, object] = {"seed": 1000 + n} if method == "dare" else {}
            items.append(
                descendant(
                    f"{parent}-{method}-{what.replace(' ', '-')}",
                    f"{method} merge of {what}",
                    parents,
                    [(method, settings)],
                    base=parent if with_base else None,
                )
            )
    return items


def _stored(n: int, parent: str) -> list[Item]:
    whole = truth("identical")
    rounded: dict[str, Change] = {
        "8-bit": ("round-to-nearest", {"bits": 8}),
        "4-bit": ("round-to-nearest", {"bits": 4}),
        "fp8": ("fp8", {"stored": True}),
        "fp8-dequantised": ("fp8", {"stored": False}),
    }
    items = [
        descendant(f"{parent}-{word}", word, [parent], [change], modules=truth(**SAME))
        for word, change in rounded.items()
    ]
    items += [
        descendant(f"{parent}-{word}", word, [parent], [(change, {})], modules=whole)
        for word, change in (("renamed", "rename"), ("fused", "fuse"))
    ]
    items += [
        descendant(
            f"{parent}-noise-{correlation}",
            f"noise, correlation {correlation}",
            [parent],
            [("noise", {"correlation": correlation, "seed": 1100 + n})],
        )
        for correlation in (0.9, 0.5, 0.2, 0.05)
    ]
    return items


def _disguised(n: int, parent: str) -> list[Item]:
    items = []
    for change in DISGUISES:
        settings = {} if change == "fold-gains" else {"seed": 1200 + n}
        items.append(
            descendant(
                f"{parent}-{change}",
                f"disguise: {change}",
                [parent],
                [(change, settings)],
                dtype="F32",
                honest=False,
                unchanged=True,
            )
        )
    items.append(
        descendant(
            f"{parent}-all-disguises-trained",
            "disguise: all, then 200 steps",
            [parent],
            [("all-disguises", {"seed": 1300 + n})],
            train=tuning(1300 + n, steps=200),
            honest=False,
        )
    )
    return items


def untrained() -> tuple[Item, ...]:
    """All of them; the last disguise is trained on."""
    items: list[Item] = []
    for n, parent in enumerate(PARENTS):
        items += _merges(n, parent)
    for n, parent in enumerate(OTHERS):
        items += _stored(n, parent)
    for n, parent in enumerate(PARENTS):
        items += _disguised(n, parent)
    items += [
        descendant(
            f"{parent}-split",
            "split",
            [parent],
            [("split", {})],
            modules=truth("identical"),
        )
        for parent in ("neox-2", "neox-3", "neox-4")
    ]
    items += [
        descendant(
            f"{parent}-cut",
            "layers pruned, untrained",
            [parent],
            [("prune-layers", {"keep": (0, 1, 2, 5)})],
            modules=truth("identical"),
            layers=mapped((0, 1, 2, 5)),
        )
        for parent in OTHERS
    ]
    return tuple(items)
