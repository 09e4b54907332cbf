# SPDX-License-Identifier: Apache-2.0
"""How a closed stage would move under other points, noise and other gates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from parentage.errors import ConflictError
from parentage.program.simulate import simulate_stage
from parentage.program.simulation import SimulationResult
from parentage.web.lately import Lately
from parentage.web.permissions import Actor
from parentage.web.services.stage_scores import decisions_of, scores_of
from parentage.web.services.stages import definition_of, digest_of, visible

DRAWS: Final = 2000
"""Draws of one simulation: half a width of the 95 % interval of at most 2.2 points."""

NOISE: Final = (0.01, 0.02, 0.05)
KEPT: Final = 64

_MADE: Final[Lately[tuple[object, ...], SimulationResult]] = Lately(KEPT)


def simulate(
    db: Session,
    actor: Actor,
    number: int,
    *,
    points: Mapping[str, float] | None = None,
    noise: float | None = None,
    seed: int = 0,
) -> SimulationResult:
    """Chances of ranks and outcomes of a closed stage under changes.

    Args:
        db: a session.
        actor: anyone: the result holds nobody's single scores.
        number: of the stage.
        points: other points of some parts.
        noise: standard deviation of each item's score, as a share of its points; by
            default 1, 2 and 5 %.
        seed: of the generator.

    Raises:
        ConflictError: the stage is not closed: chances would tell of open scores.
        UsageError: a number is out of range, or a part is not there.
    """
    row = visible(db, actor, number)
    if row.state != "closed":
        raise ConflictError("the stage is not closed", advice="Wait for its result.")
    key = (
        row.id,
        digest_of(row),
        row.closed,
        tuple(sorted((points or {}).items())),
        noise,
        seed,
    )

    def made() -> SimulationResult:
        stage = definition_of(row)
        return simulate_stage(
            stage,
            scores_of(db, row, stage),
            decisions_of(db, row),
            draws=DRAWS,
            seed=seed,
            noise=NOISE if noise is None else (noise,),
            points=points or None,
        )

    return _MADE.get(key, made)
