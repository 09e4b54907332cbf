# SPDX-License-Identifier: Apache-2.0
"""How often the rule errs on families that its cuts have never seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from parentage.evidence.tokenizer.rule import fit, judge
from parentage.stats.rates import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parentage.evidence.tokenizer.rule import Link

Label = Literal["independent", "related", "unlabelled"]


@dataclass(frozen=True)
class LabelledPair:
    """A pair whose relation is known.

    Attributes:
        families: of its two tokenizers; equal for related ones.
        label: ``independent``, ``related``, or ``unlabelled`` (judged, not counted).
        shares: see :func:`.rule.features`.
    """

    families: tuple[str, str]
    label: Label
    shares: Mapping[str, float | None]


@dataclass(frozen=True)
class Rate:
    """Events out of trials, with bounds at 95 % as if the trials were independent."""

    events: int
    trials: int

    def to_dict(self) -> dict[str, float | int | None]:
        """The counts, the rate and its Clopper-Pearson bounds."""
        low, high = clopper_pearson(self.events, self.trials)
        return {
            "events": self.events,
            "trials": self.trials,
            "rate": self.events / self.trials if self.trials else None,
            "low": low,
            "high": high,
        }


def leave_families_out(pairs: Sequence[LabelledPair]) -> list[Link]:
    """Judge each pair with cuts from controls that touch neither of its families."""
    judged: dict[frozenset[str], dict[str, object]] = {}
    links = []
    for pair in pairs:
        left_out = frozenset(pair.families)
        if left_out not in judged:
            judged[left_out] = dict(
                fit(
                    other.shares
                    for other in pairs
                    if other.label == "independent"
                    and not left_out & set(other.families)
                )
            )
        links.append(judge(pair.shares, judged[left_out]))  # type: ignore[arg-type]
    return links


def error_rates(
    pairs: Sequence[LabelledPair], links: Sequence[Link]
) -> dict[str, Rate]:
    """Rates over pairs, and over pairs of families (which depend less on each other).

    ``false_link``: independent pairs called linked. ``unclear_independent``: those
    called unclear. ``missed``: related pairs called clear. ``unclear_related``: those
    called unclear. A pair of families errs if any of its pairs does.
    """
    rates = {}
    wanted = {
        "false_link": ("independent", "linked"),
        "unclear_independent": ("independent", "unclear"),
        "missed": ("related", "clear"),
        "unclear_related": ("related", "unclear"),
    }
    for name, (label, link) in wanted.items():
        chosen = [(p, k) for p, k in zip(pairs, links, strict=True) if p.label == label]
        events: Counter[frozenset[str]] = Counter()
        for pair, found in chosen:
            events[frozenset(pair.families)] += found == link
        rates[name] = Rate(sum(events.values()), len(chosen))
        rates[f"{name}_by_family"] = Rate(
            sum(count > 0 for count in events.values()), len(events)
        )
    return rates
