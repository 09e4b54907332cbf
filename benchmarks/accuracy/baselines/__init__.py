# SPDX-License-Identifier: Apache-2.0
"""Published methods as plain baselines, written from their papers' definitions.

Every method takes two models in memory and gives one number, higher meaning more
related, or a reason why it has none. The tool modelDNA works on folders and has its
own interface in :mod:`benchmarks.accuracy.baselines.modeldna`.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.accuracy.baselines import (
    awm,
    huref,
    match,
    norm_cosine,
    norm_pearson,
    pcs,
    sigma_curves,
    spectra,
    tensor_cosine,
    zhu,
)
from benchmarks.accuracy.baselines.loaded import (
    Loaded,
    Method,
    Score,
    from_memory,
    load,
)

__all__ = ["BASELINES", "Baseline", "Loaded", "Score", "from_memory", "load"]


@dataclass(frozen=True)
class Baseline:
    """A published method.

    Attributes:
        title: for tables.
        paper: where it is defined.
        function: the score of (candidate, reference).
        threshold: the published cut on the value, ``None`` where none is published.
        higher_is_related: always true here.
    """

    title: str
    paper: str
    function: Method
    threshold: float | None = None
    higher_is_related: bool = True


ZHU = "Zhu et al. 2025, arXiv:2502.12292"
SIGN_FIX = f"{ZHU}, with |cos| for the up projection"

BASELINES: dict[str, Baseline] = {
    "norm-cosine": Baseline(
        "Norm gains, raw cosine", "public reports", norm_cosine.score
    ),
    "norm-pearson": Baseline(
        "Norm gains, Pearson", "public re-analyses", norm_pearson.score
    ),
    "tensor-cosine": Baseline(
        "All tensors, mean cosine", "common practice", tensor_cosine.score
    ),
    "pcs": Baseline(
        "PCS", "Zeng et al. 2024 (HuRef), arXiv:2312.04828", pcs.score, 0.8
    ),
    "sigma-curves": Baseline(
        "Sigma-curves", "HonestAGI 2025, arXiv:2507.03014", sigma_curves.score
    ),
    "huref": Baseline(
        "HuRef ICS", "Zeng et al. 2024, arXiv:2312.04828", huref.score, 0.8
    ),
    "awm": Baseline("AWM aligned CKA", "Zeng et al. 2026, arXiv:2510.06738", awm.score),
    "spectra": Baseline(
        "Spectra, aligned MSE", "Wang et al. 2026, arXiv:2511.06390", spectra.score
    ),
    "spectra-correlation": Baseline(
        "Spectra, distance correlation",
        "Wang et al. 2026, arXiv:2511.06390",
        spectra.score_correlation,
    ),
    "match": Baseline("MATCH, weights only", ZHU, match.score, 4.0),
    "match-rho": Baseline("MATCH, weights only, rho", ZHU, match.score_rho),
    "match-sign-fix": Baseline(
        "MATCH, weights only, sign fix", SIGN_FIX, match.score_sign_fix, 4.0
    ),
    "match-sign-fix-rho": Baseline(
        "MATCH, weights only, sign fix, rho", SIGN_FIX, match.score_sign_fix_rho
    ),
    "match-hidden": Baseline("MATCH, hidden states", ZHU, match.score_hidden, 4.0),
    "match-hidden-rho": Baseline(
        "MATCH, hidden states, rho", ZHU, match.score_hidden_rho
    ),
    "match-hidden-sign-fix": Baseline(
        "MATCH, hidden states, sign fix", SIGN_FIX, match.score_hidden_sign_fix, 4.0
    ),
    "match-hidden-sign-fix-rho": Baseline(
        "MATCH, hidden states, sign fix, rho",
        SIGN_FIX,
        match.score_hidden_sign_fix_rho,
    ),
    "phi-u": Baseline("phi_U, constrained", ZHU, zhu.score),
}
"""All baselines by the name that results use."""
