# SPDX-License-Identifier: Apache-2.0
"""Scores with something taken away, to see what is certain without it."""

from __future__ import annotations

from parentage.program.scores import Scores


def without_team(scores: Scores, team: str) -> Scores:
    """Everything but what says a score of this team.

    Averages, gaps and orders stay: they are not its scores. A highest score stays out
    where the team has it.
    """
    return Scores(
        values=tuple(v for v in scores.values if v.team != team),
        ballots=tuple(b for b in scores.ballots if b.team != team),
        exclusions=scores.exclusions,
        votes=scores.votes,
        figures=tuple(
            f
            for f in scores.figures
            if f.team != team and not (f.kind == "top" and team in f.teams)
        ),
    )


def without_source(scores: Scores, source: str) -> Scores:
    """Everything but what this source says."""
    return Scores(
        values=tuple(v for v in scores.values if v.source != source),
        ballots=scores.ballots,
        exclusions=scores.exclusions,
        votes=scores.votes,
        figures=tuple(f for f in scores.figures if f.source != source),
    )
