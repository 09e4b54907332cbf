# SPDX-License-Identifier: Apache-2.0
"""Audit the bundled models and hold every finding against their known parentage."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parentage.errors import UsageError
from parentage.report.document import ModuleResult, Report
from parentage.run.audit import DEFAULT_BUDGET, audit

EXPECTED = {
    "identical": "identical",
    "reused": "reused",
    "independent": "no-dependence-found",
}
"""Truth in the manifest -> the finding that agrees with it."""


@dataclass(frozen=True)
class DemoRow:
    """One module of one comparison: truth, and what was found.

    Attributes:
        candidate, reference, module: what was compared.
        truth: the manifest's word.
        finding: the report's word.
        agrees: whether they say the same, layers included where the manifest names
            them.
        layers_truth, layers_found: layers that come from the reference, where only
            some do.
        share: of the candidate's parameters.
    """

    candidate: str
    reference: str
    module: str
    truth: str
    finding: str
    agrees: bool
    share: float
    layers_truth: tuple[int, ...] | None = None
    layers_found: tuple[int, ...] | None = None


@dataclass(frozen=True)
class DemoResult:
    """All rows, and the report of each comparison by ``candidate`` and reference."""

    rows: tuple[DemoRow, ...]
    reports: dict[tuple[str, str], Report] = field(default_factory=dict)


def run_demo(
    zoo: Path,
    *,
    seed: int = 0,
    budget: int = DEFAULT_BUDGET,
    progress: Callable[[str, int, int], None] | None = None,
) -> DemoResult:
    """Audit every comparison of the manifest.

    Args:
        zoo: folder with ``manifest.json``.
        seed, budget: as for an audit.
        progress: told about each comparison.

    Raises:
        UsageError: the folder holds no manifest, or one that cannot be read.
    """
    manifest = _manifest(zoo)
    paths = {row["id"]: zoo / row["path"] for row in manifest["models"]}
    rows: list[DemoRow] = []
    reports: dict[tuple[str, str], Report] = {}
    comparisons = manifest["comparisons"]
    for done, item in enumerate(comparisons):
        candidate, reference = item["candidate"], item["reference"]
        if progress is not None:
            progress(f"{candidate} against {reference}", done, len(comparisons))
        command = (
            "parentage",
            "audit",
            str(paths[candidate]),
            "--against",
            str(paths[reference]),
            "--seed",
            str(seed),
        )
        report = audit(
            paths[candidate],
            [paths[reference]],
            seed=seed,
            budget=budget,
            command=command,
        )
        reports[candidate, reference] = report
        for module in report.modules:
            truth = item["truth"].get(module.name)
            layers = item.get("layers", {}).get(module.name)
            rows.append(_row(candidate, reference, module, truth, layers))
    if progress is not None:
        progress("done", len(comparisons), len(comparisons))
    return DemoResult(tuple(rows), reports)


def _row(
    candidate: str,
    reference: str,
    module: ModuleResult,
    truth: str | None,
    layers: list[int] | None,
) -> DemoRow:
    found = tuple(
        sorted(
            {
                own
                for part in module.outcomes[0].parts
                for own, _ in part.layers
                if own is not None
            }
        )
    )
    agrees = truth is not None and EXPECTED.get(truth) == module.finding
    if layers is not None:
        agrees = agrees and found == tuple(layers)
    return DemoRow(
        candidate,
        reference,
        module.name,
        truth or "not in the manifest",
        module.finding,
        agrees,
        module.share,
        None if layers is None else tuple(layers),
        found if layers is not None else None,
    )


def _manifest(zoo: Path) -> dict[str, Any]:
    file = zoo / "manifest.json"
    try:
        manifest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no usable manifest: {error}",
            file=str(file),
            expected="a folder of models with known parentage and its manifest.json",
            advice="Name it with --zoo, or run from a source checkout.",
        ) from error
    return manifest
