# SPDX-License-Identifier: Apache-2.0
"""Which fingerprints of a registry are worth testing against a candidate.

Every fingerprint that shares a block's shape is looked at, layer by layer, by the signs
in its sketch. Three numbers are formed of the agreement: over all layers of equal
number, over the best partner of every layer (layers may have moved), and of the best
pair of layers (only some may be taken). Each is turned into how surprising it would be
if signs were coins; the largest ranks. Signs of one unit are not quite independent, so
this is no p-value and supports no finding: the exact tests do, on the values, and they
are corrected for *all* tests that the registry could have seen, looked at or not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parentage.registry.index import Group, Index, Segment
from parentage.registry.sketch import BlockSketch
from parentage.stats.tails import LOG10_E

CHUNK: Final = 1 << 15
"""Rows that are compared at a time: their words stay in the processor's cache."""

POOLED_TESTS: Final = 6
"""Exact tests of a pair of modules beside its pairs of layers: sign coins, swap coins,
fixed points, permutation trace, norms and embedding columns."""

MARGIN: Final = 1.0
"""A fingerprint passes whose score exceeds log10 of how many there are by this: of
unrelated ones about a tenth passes in a whole search."""

_NORMAL: Final = NormalDist()


@dataclass(frozen=True)
class Hit:
    """A fingerprint that passed, or came near.

    Attributes:
        number: in the registry.
        score: minus log10 of how surprising the agreement of signs would be.
        block: where it was largest: ``module/block``, or empty for all together.
    """

    number: int
    score: float
    block: str


@dataclass(frozen=True)
class Found:
    """What a search gives.

    Attributes:
        hits: those that passed, nearest first, and the nearest others.
        looked_at: fingerprints of the registry.
        comparable: those that share a block's shape with the candidate.
        passed: how many of ``hits`` passed.
        family: bound on the exact tests of the candidate against all of them.
        threshold: score from which on a fingerprint passes.
    """

    hits: tuple[Hit, ...]
    looked_at: int
    comparable: int
    passed: int
    family: int
    threshold: float


def search(
    index: Index,
    sketches: Sequence[BlockSketch],
    *,
    nearest: int = 0,
    threads: int = 2,
) -> Found:
    """Look at everything in a registry.

    Args:
        index: its sketches.
        sketches: the candidate's.
        nearest: how many that did not pass to name as well.
        threads: how many to use.
    """
    hits: list[Hit] = []
    looked_at = comparable = family = 0
    total = len(index.live)
    threshold = math.log10(max(total, 1)) + MARGIN
    for segment in index.segments:
        live = np.isin(segment.numbers, index.live)
        looked_at += int(live.sum())
        family += _family(segment, live, sketches)
        scores, blocks, seen = _scores(segment, sketches, threads)
        comparable += int((seen & live).sum())
        scores[~live | ~seen] = -1.0
        wanted = np.flatnonzero(scores >= threshold)
        if nearest:
            order = np.argsort(-scores, kind="stable")[: nearest + len(wanted)]
            wanted = np.union1d(wanted, order[scores[order] >= 0])
        names = [f"{s.module}/{s.block}" for s in sketches] + [""]
        hits += [
            Hit(int(segment.numbers[i]), float(scores[i]), names[blocks[i]])
            for i in wanted
        ]
    hits.sort(key=lambda h: (-h.score, h.number))
    passed = sum(h.score >= threshold for h in hits)
    return Found(
        tuple(hits[: passed + nearest]),
        looked_at,
        comparable,
        passed,
        max(family, 1),
        threshold,
    )


def _family(
    segment: Segment, live: NDArray[np.bool_], sketches: Sequence[BlockSketch]
) -> int:
    """Bound on the exact tests of a candidate against all fingerprints of a segment."""
    own = [(s.module, s.block, len(s.layers)) for s in sketches]
    counts = np.bincount(segment.outlines[live], minlength=len(segment.kinds))
    return sum(
        int(count) * possible_tests(own, kind)
        for kind, count in zip(segment.kinds, counts, strict=True)
    )


def possible_tests(
    own: Sequence[tuple[str, str, int]], other: Sequence[tuple[str, str, int]]
) -> int:
    """Bound on the number of exact tests between two outlines.

    Args:
        own, other: (module, block, layers) of all blocks of both.
    """

    def kind(name: str) -> str:
        return name.rstrip("_0123456789")

    tests = 0
    modules = {m for m, _, _ in own}, {m for m, _, _ in other}
    for a in modules[0]:
        for b in modules[1]:
            tied = (kind(a), kind(b)) == ("head", "embedding")
            if kind(a) != kind(b) and not tied:
                continue
            tests += POOLED_TESTS
            tests += sum(
                rows * columns
                for m, block, rows in own
                for n, against, columns in other
                if m == a
                and n == b
                and (block == against or tied or (block, against) == ("experts", "mlp"))
            )
    return tests


def _scores(
    segment: Segment, sketches: Sequence[BlockSketch], threads: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.bool_]]:
    """For every fingerprint: score, where it is largest, whether it is comparable."""
    size = len(segment.numbers)
    best = np.zeros(size)
    where = np.full(size, len(sketches), dtype=np.int64)
    seen = np.zeros(size, dtype=bool)
    agreed = np.zeros(size)
    bits = np.zeros(size)
    for number, item in enumerate(sketches):
        group = segment.group(item.key)
        if group is None:
            continue
        owners, same, out_of, score = compare_block(item, group, threads)
        seen[owners] = True
        np.add.at(agreed, owners, same)
        np.add.at(bits, owners, out_of)
        higher = score > best[owners]
        best[owners[higher]] = score[higher]
        where[owners[higher]] = number
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.where(bits > 0, (2 * agreed - bits) / np.sqrt(np.maximum(bits, 1)), 0.0)
    pooled = surprise(z)
    where[pooled > best] = len(sketches)
    return np.maximum(best, pooled), where, seen


def compare_block(
    item: BlockSketch, group: Group, threads: int
) -> tuple[
    NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
]:
    """One block of a candidate against a group.

    Returns:
        For each entry of the group: its position, signs of equal layers that agree,
        how many there are, and the largest score within this block.
    """
    edges = _chunks(group)
    parts = list(itertools.pairwise(edges))
    if len(parts) > 1 and threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            done = list(pool.map(lambda p: _compare(item, group, *p), parts))
    else:
        done = [_compare(item, group, *p) for p in parts]
    same, out_of, score = (np.concatenate([d[i] for d in done]) for i in range(3))
    return group.owners.astype(np.int64), same, out_of, score


def _chunks(group: Group) -> list[int]:
    """Positions of entries between which there are about :data:`CHUNK` rows."""
    count = max(1, -(-len(group.layer) // CHUNK))
    wanted = np.linspace(0, len(group.layer), count + 1)[1:-1]
    inner = np.searchsorted(group.starts, wanted).tolist()
    return sorted({0, *inner, len(group.owners)})


def _compare(
    item: BlockSketch, group: Group, first: int, last: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The same for the entries ``[first, last)``."""
    ends = (*group.starts[first:last].tolist(), len(group.layer))
    begin = ends[0]
    end = int(group.starts[last]) if last < len(group.owners) else len(group.layer)
    words = np.ascontiguousarray(group.words[:, begin:end])
    layer = np.asarray(group.layer[begin:end])
    starts = np.asarray(group.starts[first:last]) - begin
    entries = len(starts)
    same = np.zeros(entries)
    out_of = np.zeros(entries)
    highest = np.zeros(entries)
    total = np.zeros(entries)
    agree = np.empty(end - begin, dtype=np.uint16)
    apart = np.empty(end - begin, dtype=np.uint64)
    ones = np.empty(end - begin, dtype=np.uint8)
    for number, row in zip(item.layers.tolist(), item.words, strict=True):
        agree.fill(item.bits)
        for mine, theirs in zip(row, words, strict=True):
            np.bitwise_xor(theirs, mine, out=apart)
            np.bitwise_count(apart, out=ones)
            np.subtract(agree, ones, out=agree)
        top = np.maximum.reduceat(agree, starts).astype(np.float64)
        np.maximum(highest, top, out=highest)
        total += top
        at = np.flatnonzero(layer == number)
        if len(at):
            owner = np.searchsorted(starts, at, side="right") - 1
            same[owner] += agree[at]
            out_of[owner] += item.bits
    depth = np.diff((*starts.tolist(), end - begin))
    root = math.sqrt(item.bits)
    cells = surprise((2 * highest - item.bits) / root) - np.log10(
        depth * len(item.layers)
    )
    # Over layers of equal number, in this block alone.
    place = (2 * same - out_of) / np.sqrt(np.maximum(out_of, 1.0))
    score = np.maximum(np.maximum(cells, surprise(place)), 0.0)
    if len(item.layers) > 1:
        mean, spread = _largest_of(depth)
        average = (2 * total / len(item.layers) - item.bits) / root
        moved = (average - mean) / (spread / math.sqrt(len(item.layers)))
        score = np.maximum(score, np.where(depth > 1, surprise(moved), 0.0))
    return same, out_of, score


def _largest_of(
    depth: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """About the mean and spread of the largest of so many normal draws."""
    means, spreads = np.zeros(len(depth)), np.ones(len(depth))
    for size in np.unique(depth).tolist():
        if size < 2:
            continue
        low, middle, high = (
            _NORMAL.inv_cdf(q ** (1 / size)) for q in (0.25, 0.5264, 0.75)
        )
        at = depth == size
        means[at] = middle
        spreads[at] = max(0.3, (high - low) / 1.349)
    return means, spreads


def surprise(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """About minus log10 of a normal tail; 0 for what is no surprise."""
    x = np.maximum(z, 0.0)
    # Mills' ratio within a few per cent, on all of the half line.
    density = x * x / 2 + 0.5 * math.log(2 * math.pi)
    ratio = np.log((x + np.sqrt(x * x + 8 / math.pi)) / 2)
    found: NDArray[np.float64] = np.maximum((density + ratio) * LOG10_E, 0.0)
    return np.where(z > 0, found, 0.0)


def passes_from(
    sketches: Sequence[BlockSketch], module: str, threshold: float, probability: float
) -> float | None:
    """Smallest element correlation with which a copy of a module passes.

    The copy has all layers of one of the module's blocks, in their places. Signs of
    values with correlation ``c`` agree with probability ``1/2 + asin(c) / pi``.

    Args:
        sketches: the candidate's.
        module: one of its modules.
        threshold: see :class:`Found`.
        probability: with which it is to pass.

    Returns:
        The correlation, or ``None`` where not even equal values pass.
    """
    bits = max(
        (s.bits * len(s.layers) for s in sketches if s.module == module), default=0
    )
    z = np.linspace(0, 60, 6001)
    reached = np.flatnonzero(surprise(z) >= threshold)
    if not bits or not len(reached):
        return None
    needed = float(z[reached[0]]) + _NORMAL.inv_cdf(probability)
    share = 0.5 + needed / (2 * math.sqrt(bits))
    return math.sin(math.pi * (share - 0.5)) if share < 1 else None
