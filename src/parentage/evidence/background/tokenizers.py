# SPDX-License-Identifier: Apache-2.0
"""Real tokenizers and their pairs, that a new pair is judged against.

``tokenizers.json`` names them, where they were found, and holds the shares of every
pair with its known relation. ``tokenizers.xz`` holds hashes, ids and order of their
tokens: facts from which no tokenizer can be restored.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from parentage.evidence.background.token_lists import decompress, unpack
from parentage.evidence.tokenizer.rule import FEATURES, Cut, Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from parentage.evidence.tokenizer.vocabulary import Vocabulary

FACTS = "tokenizers.json"
LISTS = "tokenizers.xz"


@dataclass(frozen=True)
class KnownTokenizer:
    """A public tokenizer.

    Attributes:
        name, title: short and for people.
        owner: who made it.
        family: tokenizers joined by known relations share it.
        files: repository, path, licence and SHA-256 of each file it was read from.
    """

    name: str
    title: str
    owner: str
    family: str
    files: tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class KnownPair:
    """A pair of public tokenizers.

    Attributes:
        a, b: names.
        families: of both.
        label: ``independent``, ``related`` or ``unlabelled``.
        relation: what is known, such as ``extends``; why there is no label.
        shares: as :func:`parentage.evidence.tokenizer.rule.features` gives them.
        contained: the larger of both shares of containment.
        link: what the rule says when both families are left out of its fit.
    """

    a: str
    b: str
    families: tuple[str, str]
    label: str
    relation: str
    shares: Mapping[str, float | None]
    contained: float
    link: str


@dataclass(frozen=True, eq=False)
class TokenizerBackground:
    """Known tokenizers, their pairs, and the rule that follows from them.

    Attributes:
        entries: the known tokenizers.
        pairs: all pairs of them.
        cuts: see :func:`parentage.evidence.tokenizer.rule.fit`.
        scope: sizes that the independent pairs cover.
        contained_cut: share from which a vocabulary counts as contained: halfway
            between known extensions and pairs that only share an ancestor.
        rates: error rates with both families left out of the fit.
        bits: bits of the hashes.
    """

    entries: tuple[KnownTokenizer, ...]
    pairs: tuple[KnownPair, ...]
    cuts: Mapping[str, Cut]
    scope: Scope
    contained_cut: float
    rates: Mapping[str, Any]
    bits: int
    lists: bytes = field(repr=False, default=b"")

    @cached_property
    def vocabularies(self) -> tuple[Vocabulary, ...]:
        """Hashes, ids and order of the known tokenizers, unpacked when first asked."""
        return unpack(decompress(self.lists, LISTS), LISTS)

    @cached_property
    def independent(self) -> Mapping[str, NDArray[np.float64]]:
        """Largest share of each pair of independent families, for each kind of share.

        Pairs within one pair of families are nearly the same pair, so they count once.
        """
        largest: dict[str, dict[frozenset[str], float]] = {n: {} for n in FEATURES}
        for pair in self.pairs:
            if pair.label == "independent":
                both = frozenset(pair.families)
                for name in FEATURES:
                    value = pair.shares[name]
                    if value is not None:
                        held = largest[name].get(both, 0.0)
                        largest[name][both] = max(held, value)
        return {
            n: np.sort(np.array(list(found.values()))) for n, found in largest.items()
        }

    @cached_property
    def related(self) -> Mapping[str, NDArray[np.float64]]:
        """Shares of the related pairs, for each kind of share."""
        pairs = [pair for pair in self.pairs if pair.label == "related"]
        return {
            name: np.sort(
                np.array([v for p in pairs if (v := p.shares[name]) is not None])
            )
            for name in FEATURES
        }


@cache
def load_tokenizers() -> TokenizerBackground:
    """The background that is shipped.

    Raises:
        UnreadableError: its files are damaged.
    """
    folder = resources.files("parentage.evidence.background")
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    return background_of(facts, (folder / LISTS).read_bytes())


def background_of(facts: Mapping[str, Any], lists: bytes) -> TokenizerBackground:
    """A background from its two files' content."""
    return TokenizerBackground(
        entries=tuple(
            KnownTokenizer(
                name=entry["name"],
                title=entry["title"],
                owner=entry["owner"],
                family=entry["family"],
                files=tuple(entry["files"]),
            )
            for entry in facts["tokenizers"]
        ),
        pairs=tuple(
            KnownPair(
                a=pair["a"],
                b=pair["b"],
                families=(pair["families"][0], pair["families"][1]),
                label=pair["label"],
                relation=pair["relation"],
                shares={name: pair[name] for name in FEATURES},
                contained=pair["contained"],
                link=pair["link"],
            )
            for pair in facts["pairs"]
        ),
        cuts={name: Cut(**cut) for name, cut in facts["cuts"].items()},
        scope=Scope(**facts["scope"]),
        contained_cut=facts["contained_cut"],
        rates=facts["rates"],
        bits=facts["bits"],
        lists=lists,
    )
