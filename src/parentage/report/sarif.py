# SPDX-License-Identifier: Apache-2.0
"""A report as SARIF 2.1.0, for tools that show findings of analysers.

One rule for each test of the catalogue, one result for each module and reference that
an exact test speaks about. Reuse alone has level ``error``; correspondence without
proof is of kind ``review``, what could not be tested ``notApplicable``, and modules in
which nothing was found ``pass``. Under a verdict that is violated, each failing rule is
a result of its own. https://docs.oasis-open.org/sarif/sarif/v2.1.0/

Rules of tests carry their whole text as ``help`` and no ``helpUri``: a link that may
not be there when it is followed helps nobody. Rules of profiles link their source.
"""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from parentage.evidence.catalogue import Method, methods
from parentage.report.canonical import report_digest
from parentage.report.document import ModelInfo, ModuleResult, Outcome, Report
from parentage.report.markdown_report import md

SCHEMA_URI: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
    "sarif-schema-2.1.0.json"
)
LEVELS: Final = {
    "identical": ("fail", "error"),
    "reused": ("fail", "error"),
    "correspondence": ("review", "none"),
    "not-testable": ("notApplicable", "none"),
    "no-dependence-found": ("pass", "none"),
}
"""Finding -> kind and level; SARIF gives levels to failures alone."""

VERDICT_LEVELS: Final = {
    "violated": ("fail", "error"),
    "inconclusive": ("open", "none"),
    "not-stated": ("informational", "none"),
    "satisfied": ("pass", "none"),
}

FINDING_RULE: Final = "finding"
"""Rule of a finding that no single test decided."""


def render_sarif(report: Report) -> str:
    """The report as a SARIF log with one run."""
    rules = _rules(report)
    index = {rule["id"]: n for n, rule in enumerate(rules)}
    results = [
        _result(report, module, outcome, index)
        for module in report.modules
        for outcome in module.outcomes
    ]
    results += _verdict_results(report, index)
    run = {
        "tool": {
            "driver": {
                "name": "parentage",
                "version": report.versions.get("parentage", ""),
                "rules": rules,
            }
        },
        "automationDetails": {"id": f"parentage/{report_digest(report)[:16]}"},
        "artifacts": [
            _artifact(model, file.name, file.size, file.sha256)
            for model in (report.candidate, *report.references)
            for file in model.files
        ],
        "results": results,
        "columnKind": "unicodeCodePoints",
        "properties": {
            "parentage:headline": report.headline,
            "parentage:finding": report.finding,
            "parentage:coverage": report.coverage,
            "parentage:reportDigest": report_digest(report),
            "parentage:replies": [
                {"party": r.party, "date": r.date, "statement": r.statement}
                for r in report.replies
            ],
        },
    }
    log = {"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rules(report: Report) -> list[dict[str, Any]]:
    used = {item.method for m in report.modules for item in m.evidence}
    rules = [_rule(method) for method in methods().values() if method.id in used]
    rules.append(
        {
            "id": FINDING_RULE,
            "name": "Finding",
            "shortDescription": {"text": "What all evidence on a module supports."},
            "help": {
                "text": "The words of findings, and which tests may say them: run "
                "`parentage methods`, or read docs/report.md of the project."
            },
        }
    )
    seen: set[str] = set()
    for verdict in report.verdicts:
        for row in verdict.rows:
            name = f"{verdict.profile.id}/{row.rule}"
            if name not in seen:
                seen.add(name)
                rules.append(
                    {
                        "id": name,
                        "name": "ProfileRule",
                        "shortDescription": {"text": row.text.en},
                        "fullDescription": {
                            "text": f"{row.source.title.en}: {row.source.quote.en}"
                        },
                        "helpUri": row.source.link,
                    }
                )
    return rules


def _rule(method: Method) -> dict[str, Any]:
    parts = {
        "Statistic": method.statistic,
        "Null hypothesis": method.null,
        "Assumptions": " ".join(method.assumptions),
        "Blind to": " ".join(method.blind_spots),
        "Source": method.reference,
        "More": f"run: parentage methods {method.id}",
    }
    return {
        "id": method.id,
        "name": "".join(part.capitalize() for part in method.id.split("-")),
        "shortDescription": {"text": method.title},
        "fullDescription": {"text": method.question},
        "help": {
            "text": "\n\n".join(
                [method.question, *(f"{name}: {said}" for name, said in parts.items())]
            ),
            "markdown": "\n\n".join(
                [
                    md(method.question),
                    *(f"**{name}.** {md(said)}" for name, said in parts.items()),
                ]
            ),
        },
        "properties": {"tags": ["provenance", method.grade], "grade": method.grade},
    }


def _result(
    report: Report, module: ModuleResult, outcome: Outcome, index: dict[str, int]
) -> dict[str, Any]:
    kind, level = LEVELS[outcome.finding]
    rule = _decisive(module, outcome)
    same = outcome.reference == module.reference or len(module.outcomes) == 1
    said = module.sentence if same else (outcome.reason or outcome.finding)
    return {
        "ruleId": rule,
        "ruleIndex": index[rule],
        "kind": kind,
        "level": level,
        "message": {"text": f"{said} (reference: {outcome.reference})"},
        "locations": [_location(report.candidate, module, outcome)],
        "partialFingerprints": {
            "parentage/1": f"{report.candidate.digest[:32]}/{module.name}/"
            f"{outcome.reference}"
        },
        "properties": {
            "parentage:finding": outcome.finding,
            "parentage:reference": outcome.reference,
            "parentage:log10P": outcome.log10_p,
            "parentage:log10PAdjusted": outcome.log10_p_adjusted,
            "parentage:effect": outcome.effect,
            "parentage:powerCorrelation": outcome.power.correlation,
            "parentage:share": module.share,
        },
    }


def _decisive(module: ModuleResult, outcome: Outcome) -> str:
    """The exact test with the smallest p-value, if any decided."""
    exact = [
        item
        for item in module.evidence
        if item.grade == "exact"
        and item.log10_p is not None
        and item.reference == outcome.reference
        and item.reference_module == outcome.reference_module
        and item.method in methods()
    ]
    if not exact:
        return FINDING_RULE
    return min(exact, key=lambda item: item.log10_p or 0.0).method


def _location(
    model: ModelInfo, module: ModuleResult, outcome: Outcome
) -> dict[str, Any]:
    places = [
        {
            "name": module.name,
            "fullyQualifiedName": f"{model.name}/{module.name}",
            "kind": "module",
        }
    ]
    for part in outcome.parts:
        layers = [own for own, _ in part.layers if own is not None]
        where = f".layers[{','.join(map(str, layers))}]" if layers else ""
        places.append(
            {
                "name": part.block,
                "fullyQualifiedName": f"{model.name}/{module.name}{where}.{part.block}",
                "kind": "member",
            }
        )
    file = model.files[0].name if model.files else ""
    return {
        "physicalLocation": {"artifactLocation": {"uri": file_uri(model, file)}},
        "logicalLocations": places,
    }


def _verdict_results(report: Report, index: dict[str, int]) -> list[dict[str, Any]]:
    found = []
    for verdict in report.verdicts:
        for row in verdict.rows:
            kind, level = VERDICT_LEVELS[row.outcome]
            if row.outcome == "violated" and row.weight != "required":
                level = "note"
            name = f"{verdict.profile.id}/{row.rule}"
            about = row.module or row.item or row.component
            found.append(
                {
                    "ruleId": name,
                    "ruleIndex": index[name],
                    "kind": kind,
                    "level": level,
                    "message": {"text": f"{about}: {row.reason.text}"},
                    "locations": [
                        {
                            "logicalLocations": [
                                {
                                    "name": about,
                                    "fullyQualifiedName": f"{report.candidate.name}/"
                                    f"{about}",
                                    "kind": "module",
                                }
                            ]
                        }
                    ],
                }
            )
    return found


def _artifact(
    model: ModelInfo, name: str, size: int, sha256: str | None
) -> dict[str, Any]:
    data: dict[str, Any] = {
        "location": {"uri": file_uri(model, name)},
        "length": size,
    }
    if sha256 is not None:
        data["hashes"] = {"sha-256": sha256}
    return data


def file_uri(model: ModelInfo, name: str) -> str:
    """A file of weights as a URI: a reference of the store, or a relative path."""
    path = model.path
    if "://" in path:
        return quote(f"{path.rstrip('/')}/{name}".rstrip("/"), safe=":/@=+,~.-_%?#")
    pure = PurePath(path)
    if name and pure.name != name:
        pure = pure / name
    text = quote(pure.as_posix())
    return f"file://{text}" if pure.is_absolute() else text
