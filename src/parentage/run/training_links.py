# SPDX-License-Identifier: Apache-2.0
"""Exact tests between the sets of weights of a training record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parentage.registry.fingerprint import Fingerprint
from parentage.run.offline import gather_offline
from parentage.verdict.finding import ACCUSING, Criteria, Finding
from parentage.verdict.judge import judge, overall

LINKED = ACCUSING
"""Words of a finding that mean a link; the level is that of an accusation."""


@dataclass(frozen=True)
class Link:
    """Exact tests of one set of weights against another.

    Attributes:
        findings: of every module of the later one.
    """

    findings: tuple[Finding, ...]

    @property
    def tested(self) -> tuple[Finding, ...]:
        """Modules that exact tests apply to."""
        return tuple(f for f in self.findings if f.word != "not-testable")

    @property
    def broken(self) -> tuple[Finding, ...]:
        """Modules in which no dependence was found, with the power to find it."""
        return tuple(f for f in self.tested if f.word == "no-dependence-found")

    @property
    def holds(self) -> bool:
        """Whether every module that can be tested links."""
        return bool(self.tested) and all(f.word in LINKED for f in self.tested)

    @property
    def word(self) -> str:
        """The weightiest word of its modules."""
        return overall(self.findings)

    @property
    def log10_p(self) -> float | None:
        """Smallest of its modules."""
        return min(
            (f.log10_p for f in self.tested if f.log10_p is not None), default=None
        )

    def module(self, name: str) -> Finding | None:
        """The finding of a module."""
        return next((f for f in self.findings if f.module == name), None)


def link(
    later: Fingerprint, earlier: Fingerprint, *, tests: int = 1, seed: int = 0
) -> Link:
    """Hold one set of weights against an earlier one.

    Args:
        later, earlier: as fingerprints of one seed.
        tests: how many pairs of sets are tested, to correct for.
        seed: of ranks that are drawn.
    """
    evidence = gather_offline(later, earlier, label="earlier", seed=seed)
    family = max(1, sum(item.tests() for item in evidence)) * max(1, tests)
    return Link(tuple(judge(evidence, Criteria(), family=family)))


def links(
    made: list[Fingerprint], pairs: Iterable[tuple[int, int]], *, seed: int = 0
) -> dict[tuple[int, int], Link]:
    """Exact tests of several pairs ``(earlier, later)``, corrected for all of them."""
    wanted = sorted(set(pairs))
    return {
        (a, b): link(made[b], made[a], tests=len(wanted), seed=seed) for a, b in wanted
    }
