# SPDX-License-Identifier: Apache-2.0
"""A report as a CycloneDX ML-BOM; needs the extra ``bom``.

The candidate is a component of type ``machine-learning-model`` with its files, and the
hashes of those that the source states or that were taken. References that a module was
found to carry weights of are its ancestors, and only those: what merely corresponds is
a property. Weights are symmetric: unless the descent says otherwise, which of the two
came first cannot be seen from them, and the BOM says so beside every ancestor. Findings
stand as properties under ``parentage:``. The library knows no model card, so that part
is added to its JSON, and the whole is validated with the library's copy of the official
schema.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, uuid5

from parentage.artifact.entry import shown
from parentage.errors import MissingExtraError, ParentageError, ReportError
from parentage.report import words
from parentage.report.canonical import report_digest
from parentage.verdict.finding import ACCUSING

if TYPE_CHECKING:
    from parentage.report.document import ModelInfo, Report

EXTRA: Final = "bom"
SHA256_FROM: Final = {
    "source": "as the model's source states it",
    "bytes": "taken of all of the file",
}
"""Where the hash of a file is from; files without one carry no hash."""
DIRECTION: Final = "which of the two came first cannot be seen from the weights"


def render_cyclonedx(report: Report) -> str:
    """The report as CycloneDX 1.6 JSON.

    Raises:
        MissingExtraError: the extra ``bom`` is not installed.
        ReportError: the report's date is none.
        ParentageError: what was made does not validate; a fault of this module.
    """
    try:
        from cyclonedx.model import HashAlgorithm, HashType, Property  # noqa: PLC0415
        from cyclonedx.model.bom import Bom  # noqa: PLC0415
        from cyclonedx.model.component import (  # noqa: PLC0415
            Component,
            ComponentType,
            Pedigree,
        )
        from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError.of("a bill of materials", EXTRA) from error

    def component(model: ModelInfo, role: str, number: int) -> Component:
        made = Component(
            name=model.name,
            type=ComponentType.MACHINE_LEARNING_MODEL,
            bom_ref=f"{role}-{number}",
            properties=[
                Property(name=f"parentage:{name}", value=value)
                for name, value in (
                    ("digest", model.digest),
                    ("digestOf", "names, formats, shapes and every block read"),
                    ("parameters", str(model.parameters)),
                )
            ],
        )
        # The whole is the model's; each file is a component of its own.
        for file in model.files:
            hashes = (
                [HashType(alg=HashAlgorithm.SHA_256, content=file.sha256)]
                if file.sha256
                else []
            )
            made.components.add(
                Component(
                    name=file.name,
                    type=ComponentType.FILE,
                    bom_ref=f"{role}-{number}/{file.name}",
                    hashes=hashes,
                    properties=[
                        Property(name=f"parentage:{name}", value=value)
                        for name, value in (
                            ("bytes", str(file.size)),
                            ("sha256From", SHA256_FROM.get(file.sha256_from or "")),
                        )
                        if value is not None
                    ],
                )
            )
        return made

    candidate = component(report.candidate, "candidate", 0)
    for name, value in _properties(report):
        candidate.properties.add(Property(name=name, value=value))
    proven = ancestors(report)
    if proven:
        candidate.pedigree = Pedigree(
            ancestors=[
                component(model, "ancestor", n)
                for n, model in enumerate(report.references)
                if model.name in proven
            ],
            notes="; ".join(
                f"{name}: {', '.join(modules)} ({direction})"
                for name, (modules, direction) in proven.items()
            ),
        )
    digest = report_digest(report)
    bom = Bom(serial_number=uuid5(NAMESPACE_URL, f"urn:parentage:report:{digest}"))
    bom.metadata.component = candidate
    bom.metadata.timestamp = when_created(report)
    data = json.loads(JsonV1Dot6(bom).output_as_string())
    data["metadata"]["component"]["modelCard"] = _model_card(report)
    text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    problem = validate(text)
    if problem is not None:
        raise ParentageError(f"the bill of materials is not valid: {problem}")
    return text


def when_created(report: Report) -> datetime:
    """The time of a report.

    Raises:
        ReportError: it is no time with a zone, as in files that others wrote.
    """
    try:
        when = datetime.fromisoformat(report.created)
    except ValueError as error:
        raise _no_time(report.created) from error
    if when.tzinfo is None:
        raise _no_time(report.created)
    return when


def _no_time(text: str) -> ReportError:
    return ReportError(
        f"was created at '{shown(text)}', which is no time",
        expected="ISO 8601 with a zone, such as 2026-11-25T09:00:00+00:00",
        advice="Write the report anew with `parentage audit --json`.",
    )


def validate(text: str) -> str | None:
    """What the official schema finds wrong; ``None`` if nothing."""
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return None if found is None else str(found)[:500]


def ancestors(report: Report) -> dict[str, tuple[list[str], str]]:
    """References that modules were found to carry weights of: modules, direction."""
    later = {
        item.nearest for item in report.descents if item.direction == "from-reference"
    }
    found: dict[str, tuple[list[str], str]] = {}
    for module in report.modules:
        for outcome in module.outcomes:
            if outcome.finding not in ACCUSING:
                continue
            direction = (
                "the candidate is the later one"
                if outcome.reference in later
                else DIRECTION
            )
            modules, _ = found.setdefault(outcome.reference, ([], direction))
            text = f"{words.label(module.name)} {outcome.finding}"
            if text not in modules:
                modules.append(text)
    return found


def _properties(report: Report) -> list[tuple[str, str]]:
    """Findings, verdicts and replies as names and values."""
    rows = [
        ("parentage:headline", report.headline),
        ("parentage:finding", report.finding),
        ("parentage:coverage", f"{report.coverage:.6g}"),
        ("parentage:reportDigest", report_digest(report)),
    ]
    for module in report.modules:
        stem = f"parentage:module:{module.name}"
        rows.append((f"{stem}:finding", module.finding))
        rows.append((f"{stem}:share", f"{module.share:.6g}"))
        for outcome in module.outcomes:
            inner = f"{stem}:against:{outcome.reference}"
            rows.append((f"{inner}:finding", outcome.finding))
            for name, value in (
                ("log10PAdjusted", outcome.log10_p_adjusted),
                ("effect", outcome.effect),
                ("powerCorrelation", outcome.power.correlation),
            ):
                if value is not None:
                    rows.append((f"{inner}:{name}", f"{value:.6g}"))
    rows += [
        (f"parentage:verdict:{verdict.profile.id}", verdict.outcome)
        for verdict in report.verdicts
    ]
    for number, reply in enumerate(report.replies):
        rows.append((f"parentage:reply:{number}:{reply.party}", reply.statement))
    if report.declared is not None:
        for number, row in enumerate(report.declared.rows):
            rows.append(
                (f"parentage:declared:{number}:{row.subject}", str(row.outcome))
            )
    return rows


def _model_card(report: Report) -> dict[str, Any]:
    family = next((m.family for m in report.candidate.modules if m.family), None)
    parameters: dict[str, Any] = {
        "modelArchitecture": family or "not recognised",
    }
    return {
        "bom-ref": "candidate-0-card",
        "modelParameters": parameters,
        "considerations": {
            "technicalLimitations": [
                f"No dependence found is no proof of training from scratch; "
                f"{100 * report.coverage:.1f} % of the parameters are in modules that "
                "could be tested."
            ]
        },
    }
