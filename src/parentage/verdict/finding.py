# SPDX-License-Identifier: Apache-2.0
"""The words of a finding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from parentage.evidence.depth import Depth

Word = Literal[
    "identical", "reused", "correspondence", "no-dependence-found", "not-testable"
]

ORDER: Final[tuple[Word, ...]] = (
    "identical",
    "reused",
    "correspondence",
    "not-testable",
    "no-dependence-found",
)
"""From what weighs most to what weighs least when findings are summed up."""

ACCUSING: Final[frozenset[Word]] = frozenset({"identical", "reused"})


@dataclass(frozen=True)
class Criteria:
    """When evidence becomes a finding.

    Attributes:
        log10_alpha: family-wise level of an accusation (1e-6).
        log10_correspondence: family-wise level below which dependence is no longer
            denied (1e-3): between the two the finding is ``correspondence``.
        effect_floor: smallest element correlation that is called reuse. An exact
            test over many units finds correlations that mean nothing in practice.
        shared_basis_ratio: element correlation that a tensor of a residual stream
            must reach to be called reused when *other* parts of that stream are, as
            a share of theirs: training beside reused layers pulls own tensors into
            their basis. Measured in ``docs/calibration.md``.
        coupled_ratio: the same where no layer is reused but the token embedding or
            the output matrix is: the two are tied closely through the tokens.
        aligned_floor: smallest element correlation of held-out tensors, in the layer
            that agrees most, that counts once a relabelling was undone. About twice
            the largest of independent controls (``docs/methods/aligned-units.md``).
        token_floor: the same for the mean cosine of held-out tokens.
        log10_calibrated: rank among independent controls that a score without an
            exact test must reach to be called a correspondence.
        power: probability that goes with the power statement.
    """

    log10_alpha: float = -6.0
    log10_correspondence: float = -3.0
    effect_floor: float = 0.02
    shared_basis_ratio: float = 0.2
    coupled_ratio: float = 0.5
    aligned_floor: float = 0.5
    token_floor: float = 0.5
    log10_calibrated: float = -1.5
    power: float = 0.99


@dataclass(frozen=True)
class Part:
    """A part of a module that is called reused.

    Attributes:
        block: such as ``attention`` or ``mlp``.
        layers: (candidate layer, reference layer), in candidate order.
        identical: every value read is the same.
        log10_p: smallest uncorrected ``log10 p`` among its layers.
        effect: mean element correlation.
    """

    block: str
    layers: tuple[tuple[int | None, int | None], ...]
    identical: bool
    log10_p: float
    effect: float


@dataclass(frozen=True)
class Finding:
    """What the evidence says about one module against one reference.

    Attributes:
        module: the candidate's module.
        word: see :data:`Word`.
        reference, reference_module: what it was held against; ``None`` if nothing.
        log10_p: smallest uncorrected ``log10 p`` of its exact tests.
        log10_p_adjusted: the same after correction for the whole family.
        effect: element correlation of same-numbered units.
        parts: what is reused, where it is.
        depth: which layer came from which, and what that is called; ``None`` where
            no pair of layers is beyond doubt by itself.
        whole: whether every layer and block that could be compared is reused.
        power: smallest element correlation that would have been found, with the
            probability of the criteria; ``None`` if none would.
        reason: why it is no more than it is.
    """

    module: str
    word: Word
    reference: str | None = None
    reference_module: str | None = None
    log10_p: float | None = None
    log10_p_adjusted: float | None = None
    effect: float | None = None
    parts: tuple[Part, ...] = field(default=())
    depth: Depth | None = None
    whole: bool = False
    power: float | None = None
    reason: str | None = None
