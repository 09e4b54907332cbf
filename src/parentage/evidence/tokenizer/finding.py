# SPDX-License-Identifier: Apache-2.0
"""How two tokenizers are related, in words, with every number in its background."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

    from parentage.evidence.tokenizer.comparison import Only, SpecialOverlap
    from parentage.evidence.tokenizer.rule import Link

Relation = Literal[
    "identical",
    "same-with-additions",
    "truncated",
    "re-ordered-copy",
    "common-ancestor",
    "trained-separately",
    "unclear",
]
RELATIONS: tuple[Relation, ...] = get_args(Relation)
Language = Literal["en", "ko"]


@dataclass(frozen=True)
class Placed:
    """A share and its place among pairs whose relation is known.

    Attributes:
        name: ``order``, ``tail`` or ``ids``, see :mod:`.rule`.
        value: the share; ``None`` where it says nothing for this pair.
        independent: per cent of independent pairs of families below it.
        related: per cent of related pairs below it.
        conformal_p: chance that one more independent pair of families reaches it, as
            far as these can be exchanged; the smallest possible is 1 / (n + 1).
        controls: independent pairs of families.
        largest_control: the largest share among them.
        clear, link: the cuts.
    """

    name: str
    value: float | None
    independent: float | None
    related: float | None
    conformal_p: float | None
    controls: int
    largest_control: float
    clear: float
    link: float


@dataclass(frozen=True)
class Ancestor:
    """A known tokenizer that both contain, in its order.

    Attributes:
        name, title: of the known tokenizer.
        covered: share of the tokens that the two share which are its own.
    """

    name: str
    title: str
    covered: float


@dataclass(frozen=True)
class TokenizerFinding:
    """What the numbers of a pair support. Never evidence about weights.

    Attributes:
        a, b: candidate and reference.
        relation: see :data:`Relation`.
        link: what the rule says.
        linked_by: the shares that link the two.
        shares: all shares with their place.
        ids: ``equal``, ``offset`` or ``changed`` for most shared tokens.
        offset: the difference of ids if it is ``offset``.
        shared: tokens that both have.
        added, missing: tokens of the candidate alone and of the reference alone, with
            their blocks of ids if the comparison has them.
        specials: added and control tokens, which relations do not look at: files of
            one tokenizer state more or fewer of them.
        ancestors: known tokenizers that both contain, the one that covers most first.
        rates: measured error rates of the rule.
    """

    a: str
    b: str
    relation: Relation
    link: Link
    linked_by: tuple[str, ...]
    shares: tuple[Placed, ...]
    ids: Literal["equal", "offset", "changed"]
    offset: int
    shared: int
    added: Only
    missing: Only
    specials: SpecialOverlap
    ancestors: tuple[Ancestor, ...] = ()
    rates: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with the caveat."""
        plain: dict[str, Any] = asdict(self)
        plain["caveat"] = {language: words(language)["caveat"] for language in _texts()}
        return plain

    def sentences(self, language: Language = "en") -> tuple[str, ...]:
        """The finding in words: relation, numbers, error rate, caveat."""
        text = words(language)
        ids = text[f"ids-{self.ids}"].format(offset=f"{self.offset:+d}")
        known = ", ".join(ancestor.title for ancestor in self.ancestors)
        said = [
            text[self.relation].format(
                a=self.a,
                b=self.b,
                ids=ids,
                shared=f"{self.shared:,}",
                added=f"{self.added.tokens:,}",
                missing=f"{self.missing.tokens:,}",
                ancestors=known or text["unnamed"],
            )
        ]
        if self.specials.a or self.specials.b:
            said.append(text["specials"].format(**asdict(self.specials)))
        if "order" in self.linked_by and self.relation != "identical":
            said.append(text["same-run"])
        said += [
            _place(share, text) for share in self.shares if share.value is not None
        ]
        if self.rates:
            said.append(_rate(self.rates, text))
        return (*said, text["caveat"])


def _place(share: Placed, text: Mapping[str, str]) -> str:
    def percent(value: float | None) -> str:
        return "-" if value is None else f"{value:.1f}"

    return text["place"].format(
        share=text[f"share-{share.name}"],
        value=f"{share.value:.4f}",
        independent=percent(share.independent),
        related=percent(share.related),
        n=share.controls,
        top=f"{share.largest_control:.4f}",
    )


def _rate(rates: Mapping[str, Any], text: Mapping[str, str]) -> str:
    false, missed = rates["false_link"], rates["missed"]
    return text["rate"].format(
        false_link=false["events"],
        independent=false["trials"],
        false_low=f"{false['low']:.4f}",
        false_high=f"{false['high']:.4f}",
        missed=missed["events"],
        related=missed["trials"],
        missed_high=f"{missed['high']:.4f}",
    )


@cache
def _texts() -> dict[str, dict[str, str]]:
    file = resources.files("parentage.evidence.tokenizer") / "relations.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def words(language: str) -> Mapping[str, str]:
    """The texts of one language.

    Raises:
        KeyError: there is none in that language.
    """
    return _texts()[language]
