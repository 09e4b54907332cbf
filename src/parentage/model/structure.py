# SPDX-License-Identifier: Apache-2.0
"""Roles from shapes alone, for names that no family knows.

Only what shapes make certain is said: the axis of the residual stream, the rows and
columns of a feed-forward part (gate and up look alike), query and output where their
common width is their own. A square matrix keeps its axes unnamed, for nothing tells
which one is the residual stream.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from parentage.model.assign import Item
from parentage.model.description import Stored
from parentage.model.families import Family, Rule
from parentage.model.gather import Part, kind_of_words
from parentage.model.geometry import HIDDEN, size
from parentage.model.names import scope_of, template, words
from parentage.model.stacks import find_stacks

STRUCTURE: Final = Family(
    name="structure",
    kind="text_decoder",
    model_types=frozenset(),
    rules={},
    requires=frozenset(),
    signed_glu=False,
)
"""The family of modules that shapes explain."""

_BLOCK: Final = {
    "residual_vector": "norms",
    "mlp_rows": "mlp",
    "mlp_columns": "mlp",
    "q_rows": "attention",
    "o_rows": "attention",
    "token_embedding": "embedding",
    "lm_head": "head",
}
_HEAD_WORDS: Final = ("head", "unembed", "output", "logit")


def explain(
    left: Iterable[Stored], parts: list[Part], config: Mapping[str, object]
) -> tuple[list[Part], list[Stored], list[str]]:
    """Place tensors that no family explains.

    Those inside a known layer join its module; of the rest, what looks like a
    transformer becomes modules of the family ``structure``.

    Args:
        left: unexplained tensors.
        parts: modules that families explained; tensors are added to them.
        config: the config, for its sizes.

    Returns:
        New parts, what stays unrecognised, and notes.
    """
    rest, notes = _join(left, parts)
    taken = any(p.kind == "text_decoder" and p.layered for p in parts)
    found: list[Part] = []
    unknown: list[Stored] = []
    stacks, loose = find_stacks(rest)
    for stack in stacks:
        width = _width(stack.tensors, {} if found else config)
        kernels = [t for t in loose if width is not None and _is_patch(t, width)]
        kind = kind_of_words(scope_of(stack.front.replace("#", "")))
        kind = "vision_encoder" if kernels else kind
        if kind is None and "encoder" in words(scope_of(stack.front)):
            kind = "text_encoder"
        flat = all(len(t.shape) <= 3 for t in stack.tensors)
        if width is None or not flat or (kind is None and taken):
            unknown.extend(stack.tensors)
            continue
        part = Part(kind or "text_decoder", stack.front, STRUCTURE)
        pairs = _agreed([_pairs(block, width) for block in stack.layers.values()])
        for number, tensors in stack.layers.items():
            part.items.extend(_items(tensors, width, number, pairs))
        part.items.extend(_item(t, "patch_embedding", None) for t in kernels)
        used = {t.name for t in kernels}
        loose = [t for t in loose if t.name not in used]
        found.append(part)
        loose = _around(part, loose, width, found, config)
        taken = taken or part.kind == "text_decoder"
    if not taken:
        loose = _flat(loose, found, config)
    if found:
        notes.append(
            "names are of no known family: roles were taken from shapes, "
            "gate and up are not told apart"
        )
    return found, [*unknown, *loose], notes


def _join(left: Iterable[Stored], parts: list[Part]) -> tuple[list[Stored], list[str]]:
    """Put unexplained tensors of known layers into the modules of those layers."""
    left = list(left)
    if not left:
        return [], []
    fronts: dict[str, tuple[Part, int]] = {}
    for part in parts:
        for item in part.items:
            slots = item.rule.slots
            if item.layer is None or "layer" not in slots:
                continue
            shape, _ = template(item.stored.name)
            ending = item.rule.suffix.split("#")
            after = "#".join(ending[1 + slots.index("layer") :])
            front = shape[: len(shape) - len(after)]
            fronts.setdefault(front, (part, front.count("#") - 1))
    rest: list[Stored] = []
    joined: dict[int, list[tuple[Stored, int]]] = {}
    for tensor in left:
        shape, numbers = template(tensor.name)
        pieces = shape.split("#")
        for count in range(1, len(pieces)):
            known = fronts.get("#".join(pieces[:count]) + "#")
            if known is not None:
                part, slot = known
                joined.setdefault(id(part), []).append((tensor, numbers[slot]))
                break
        else:
            rest.append(tensor)
    notes = []
    for part in parts:
        found = joined.get(id(part), [])
        if not found:
            continue
        width = _width([i.stored for i in part.items if i.layer is not None], {})
        for tensor, layer in found:
            role = _axis_role(tensor.shape, width)
            part.items.append(_item(tensor, role, layer))
        example = found[0][0].name
        notes.append(
            f"{part.name}: {len(found)} tensors have names that family "
            f"{part.family.name} does not know, such as {example}"
        )
    return rest, notes


def _width(tensors: Iterable[Stored], config: Mapping[str, object]) -> int | None:
    """Width of the residual stream: the length that most tensors share."""
    counts: Counter[int] = Counter()
    vectors: Counter[int] = Counter()
    for tensor in tensors:
        if len(tensor.shape) == 1:
            vectors[tensor.shape[0]] += 1
        elif len(tensor.shape) in {2, 3}:
            counts.update(set(tensor.shape[-2:]))
    if not counts:
        return None
    claim = size(config, *HIDDEN)
    if claim is not None and claim in counts:
        return claim
    best = max(counts, key=lambda n: (counts[n], vectors[n], n))
    return best if best > 1 else None


def _axis_role(shape: tuple[int, ...], width: int | None) -> str:
    """Role that says no more than where the residual stream is."""
    if shape == (width,):
        return "residual_vector"
    if len(shape) in {2, 3} and shape[-1] != shape[-2]:
        if shape[-1] == width:
            return "residual_rows"
        if shape[-2] == width:
            return "residual_columns"
    return "other"


def _item(tensor: Stored, role: str, layer: int | None) -> Item:
    stacked = len(tensor.shape) == 3 and role != "other"
    block = "experts" if stacked else _BLOCK.get(role, "other")
    return Item(
        stored=tensor,
        rule=Rule("", (), (role,), "", block, "", transposed=False, stacked=stacked),
        layer=layer,
        expert=None,
    )


def _pairs(tensors: Iterable[Stored], width: int) -> dict[int, str]:
    """What each size beside the residual stream stands for.

    Two matrices ``(h, d)`` for each ``(d, h)`` are a gated feed-forward part. With one
    for one, it is query and output beside a gated part, or the plain feed-forward part
    where everything else is square or three squares in one.
    """
    rows: Counter[int] = Counter()
    columns: Counter[int] = Counter()
    for tensor in tensors:
        if len(tensor.shape) == 2 and tensor.shape[0] != tensor.shape[1]:
            if tensor.shape[1] == width:
                rows[tensor.shape[0]] += 1
            elif tensor.shape[0] == width:
                columns[tensor.shape[1]] += 1
    gated = [n for n in columns if rows[n] == 2 * columns[n]]
    single = [n for n in columns if rows[n] == columns[n]]
    found = dict.fromkeys(gated, "mlp")
    if len(single) == 1:
        others = (set(rows) | set(columns)) - {single[0], 3 * width}
        if gated:
            found[single[0]] = "attention"
        elif not others and single[0] > width:
            found[single[0]] = "mlp"
    return found


def _agreed(claims: list[dict[int, str]]) -> dict[int, str]:
    """What the layers say of each size, where none contradicts another."""
    words: dict[int, set[str]] = {}
    for claim in claims:
        for number, word in claim.items():
            words.setdefault(number, set()).add(word)
    return {n: next(iter(said)) for n, said in words.items() if len(said) == 1}


def _items(
    tensors: list[Stored], width: int, layer: int | None, pairs: dict[int, str]
) -> list[Item]:
    """Roles of the tensors of one layer (or of all, where layers are unknown)."""
    words = {
        ("residual_rows", "mlp"): "mlp_rows",
        ("residual_columns", "mlp"): "mlp_columns",
        ("residual_rows", "attention"): "q_rows",
        ("residual_columns", "attention"): "o_rows",
    }
    items = []
    for tensor in tensors:
        role = _axis_role(tensor.shape, width)
        if len(tensor.shape) == 2:
            other = tensor.shape[0] if role == "residual_rows" else tensor.shape[1]
            role = words.get((role, pairs.get(other, "")), role)
        items.append(_item(tensor, role, layer))
    return items


def _is_patch(tensor: Stored, width: int) -> bool:
    """Whether a kernel turns image patches into the residual stream."""
    shape = tensor.shape
    return len(shape) in {4, 5} and shape[0] == width and 1 <= shape[1] <= 4


def _around(
    part: Part,
    loose: list[Stored],
    width: int,
    found: list[Part],
    config: Mapping[str, object],
) -> list[Stored]:
    """Place what stands outside the layers; returns what it cannot place."""
    tables = _tables(loose, width, config) if part.kind == "text_decoder" else []
    heads = {t.name for t in tables if any(w in t.name.lower() for w in _HEAD_WORDS)}
    if len(tables) > 1 and len(heads) != 1:
        heads = {tables[1].name}
    placed = {t.name for t in tables}
    for tensor in tables:
        kind = "head" if tensor.name in heads else "embedding"
        role = "lm_head" if kind == "head" else "token_embedding"
        found.append(Part(kind, part.home, STRUCTURE, [_item(tensor, role, None)]))
    left: list[Stored] = []
    for tensor in loose:
        role = _axis_role(tensor.shape, width)
        if tensor.name in placed:
            continue
        if role in {"residual_vector", "residual_rows"}:
            part.items.append(_item(tensor, role, None))
        else:
            left.append(tensor)
    return left


def _tables(
    loose: list[Stored], width: int, config: Mapping[str, object]
) -> list[Stored]:
    """Rows for each token: one matrix, or two where input and output differ."""
    tall = [t for t in loose if len(t.shape) == 2 and t.shape[1] == width]
    vocab = size(config, "vocab_size", "n_vocab")
    if not any(t.shape[0] == vocab for t in tall):
        vocab = max((t.shape[0] for t in tall), default=0)
    turned = any(t.shape == (width, vocab) for t in loose)
    tables = [t for t in tall if t.shape[0] == vocab and vocab > width and not turned]
    return tables if len(tables) <= 2 else []


def _flat(
    loose: list[Stored], found: list[Part], config: Mapping[str, object]
) -> list[Stored]:
    """A transformer whose names tell no layers: one part with ``layer`` unknown."""
    width = _width(loose, config)
    if width is None:
        return loose
    vectors = sum(t.shape == (width,) for t in loose)
    share = sum(t.size for t in loose if width in t.shape)
    if vectors < 3 or 2 * share < sum(t.size for t in loose):
        return loose
    patches = any(_is_patch(t, width) for t in loose)
    kind = "vision_encoder" if patches else "text_decoder"
    part = Part(kind, "", STRUCTURE)
    tables = {t.name for t in _tables(loose, width, config)}
    inner = [t for t in loose if t.name not in tables]
    placed = [t for t in inner if _axis_role(t.shape, width) != "other"]
    placed += [t for t in inner if t.shape == (width, width)]
    part.items.extend(_items(placed, width, None, _pairs(placed, width)))
    found.append(part)
    names = {t.name for t in placed}
    rest = [t for t in loose if t.name not in names]
    return _around(part, rest, width, found, config)
