# SPDX-License-Identifier: Apache-2.0
"""Numbers of a claim computed from weights, tokenizers and shapes of given models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import numpy as np

from parentage.run.audit import Opened, open_model
from parentage.run.claim_tables import Unavailable
from parentage.stats.vector_pairs import FUNCTIONS, Floats, pearson

if TYPE_CHECKING:
    from parentage.report.lineage_tokenizer import TokenizerPair
    from parentage.verdict.claim_file import Source

LARGEST_TENSOR: Final = 16_000_000
"""Elements of a tensor that are read whole (128 MB as float64, for each model)."""

MOST_LAYERS: Final = 2000


class Models:
    """Models that the caller gave names to; opened when first asked for.

    Args:
        references: name in the claim -> path or reference.
    """

    def __init__(self, references: Mapping[str, str]) -> None:
        self.references = dict(references)
        self._opened: dict[str, Opened] = {}
        self._tokenizers: dict[tuple[str, str], TokenizerPair] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Models:
        return self

    def __exit__(self, *details: object) -> None:
        self._stack.close()

    @property
    def opened(self) -> Mapping[str, Opened]:
        """Models that were opened."""
        return self._opened

    def get(self, name: str) -> Opened:
        """A model by its name in the claim.

        Raises:
            Unavailable: it was not given.
            ParentageError: it cannot be read.
        """
        if name not in self._opened:
            if name not in self.references:
                raise Unavailable("no-model", name)
            opened = open_model(self.references[name], name)
            self._stack.enter_context(opened.checkpoint)
            self._opened[name] = opened
        return self._opened[name]

    def tensor(self, model: str, name: str) -> Floats:
        """All values of a stored tensor as one float64 vector.

        Raises:
            Unavailable: there is no such tensor, or it is too large.
        """
        checkpoint = self.get(model).checkpoint
        if name not in checkpoint.entries:
            raise Unavailable("no-tensor", f"{model}: {name}")
        entry = checkpoint.entries[name]
        if entry.size > LARGEST_TENSOR:
            raise Unavailable("too-large", f"{model}: {name}")
        whole = tuple((0, n) for n in entry.shape)
        values = checkpoint.read_float32(name, entry.shape, whole)
        return values.astype(np.float64).ravel()

    def pairs(
        self, source: Source, pair: tuple[str, str]
    ) -> Iterator[tuple[int | None, Floats, Floats]]:
        """Layer and both vectors, for each layer that a source names.

        Raises:
            Unavailable: a tensor is missing, too large, or of another shape.
        """
        name = source.tensor or ""
        for layer in layers_of(source):
            mine = _named(name, layer)
            theirs = _named(source.tensor_b or name, layer)
            a, b = self.tensor(pair[0], mine), self.tensor(pair[1], theirs)
            shapes = [
                self.get(model).checkpoint.entries[tensor].shape
                for model, tensor in zip(pair, (mine, theirs), strict=True)
            ]
            if shapes[0] != shapes[1]:
                raise Unavailable("shapes", f"{mine} {shapes[0]} {shapes[1]}")
            yield layer, a, b

    def values(
        self, statistic: str, source: Source, pair: tuple[str, str]
    ) -> list[float]:
        """A statistic for each layer that a source names, or one over all of them.

        Raises:
            Unavailable: it cannot be computed; the reason says why.
        """
        if statistic == "equal-hash":
            return [_equal(a, b, source) for _, a, b in self.pairs(source, pair)]
        if statistic == "sigma-correlation":
            curves = np.array(
                [(a.std(), b.std()) for _, a, b in self._any(source, pair)]
            )
            if len(curves) < 3:
                raise Unavailable("few-layers", str(len(curves)))
            return [pearson(curves[:, 0], curves[:, 1])]
        if statistic not in FUNCTIONS:
            raise Unavailable("no-function", statistic)
        function = FUNCTIONS[statistic]
        return [function(a, b) for _, a, b in self.pairs(source, pair)]

    def _any(
        self, source: Source, pair: tuple[str, str]
    ) -> Iterator[tuple[int | None, Floats, Floats]]:
        """Like :meth:`pairs`, whatever the shapes: only spreads are compared."""
        for layer in layers_of(source):
            a = self.tensor(pair[0], _named(source.tensor or "", layer))
            b = self.tensor(
                pair[1], _named(source.tensor_b or source.tensor or "", layer)
            )
            yield layer, a, b

    def share(self, model: str, module: str) -> float:
        """Share of a model's stored parameters that a module holds.

        Raises:
            Unavailable: the model has no such module.
        """
        description = self.get(model).model
        found = description.module(module)
        if found is None:
            raise Unavailable("no-module", f"{model}: {module}")
        total = sum(m.parameters for m in description.modules)
        return found.parameters / total

    def tokenizer_number(self, what: str, pair: tuple[str, str]) -> float:
        """A number about two tokenizers.

        Raises:
            Unavailable: a model was not given, or one states no merges.
            TokenizerError: a model has no tokenizer that can be read.
        """
        numbers = {n.id: n for n in self._tokenizer_pair(pair).numbers}
        if what in {"overlap-a", "overlap-b", "jaccard"}:
            ratio = numbers[what]
            return ratio.count / ratio.out_of if ratio.out_of else float("nan")
        if what in {"size-a", "size-b"}:
            return float(numbers["overlap-" + what[-1]].out_of)
        if what == "shared":
            return float(numbers["overlap-a"].count)
        if what == "equal-ids":
            return float(numbers["equal-ids"].count)
        side = "merges-a" if what == "merges-shared" else what
        if side not in numbers:
            raise Unavailable("no-merges", " ".join(pair))
        found = numbers[side]
        return float(found.count if what == "merges-shared" else found.out_of)

    def _tokenizer_pair(self, pair: tuple[str, str]) -> TokenizerPair:
        if pair not in self._tokenizers:
            from parentage.run.lineage_tokenizer import (  # noqa: PLC0415 - heavy data
                compare_tokenizer_files,
            )

            for name in pair:
                if name not in self.references:
                    raise Unavailable("no-model", name)
            a, b = (self.references[name] for name in pair)
            self._tokenizers[pair] = compare_tokenizer_files(a, b, count=1).pair
        return self._tokenizers[pair]


def layers_of(source: Source) -> list[int | None]:
    """Layers that a source names: ``0-45``, ``10,20,30``; none without ``{layer}``.

    Raises:
        Unavailable: the text is neither.
    """
    if "{layer}" not in (source.tensor or ""):
        return [None]
    found: list[int | None] = []
    for part in (source.layers or "").split(","):
        first, dash, last = part.strip().partition("-")
        ends = (first, last if dash else first)
        if not all(e.isdecimal() and len(e) <= 5 for e in ends):
            raise Unavailable("layers", source.layers or "")
        found += range(int(ends[0]), int(ends[1]) + 1)
        if len(found) > MOST_LAYERS:
            raise Unavailable("layers", source.layers or "")
    return found


def _equal(a: Floats, b: Floats, source: Source) -> float:
    """1 for equal values; a constant tensor is equal between any two models."""
    if a.size == 0 or (a == a[0]).all():
        raise Unavailable("constant", source.tensor or "")
    return float(np.array_equal(a, b))


def _named(tensor: str, layer: int | None) -> str:
    return tensor if layer is None else tensor.replace("{layer}", str(layer))
