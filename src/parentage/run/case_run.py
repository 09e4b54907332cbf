# SPDX-License-Identifier: Apache-2.0
"""Runs a public case: its models against each other, its controls, and its claims."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Final

from parentage import __version__
from parentage.artifact.folder import find_weights, read_config
from parentage.artifact.source.locate import locate
from parentage.errors import CaseError, ParentageError
from parentage.report.case_document import (
    CASE_SCHEMA,
    CaseDocument,
    ModuleItem,
    PairItem,
    PairOutcome,
    Role,
)
from parentage.report.claim_document import ClaimDocument
from parentage.report.document import Report
from parentage.run.audit import DEFAULT_BUDGET, audit
from parentage.run.cases import folder as shipped_folder
from parentage.run.claim import check_claim
from parentage.verdict.case_file import CaseFile

HUB: Final = "https://huggingface.co"
STAND_IN: Final = "parentage_stand_in"
"""Key of a ``config.json`` that says: this is a stand-in for another model."""

MIN_COVERAGE: Final = 0.5
"""Below this share of tested parameters a pair that shows nothing says little."""

Progress = Callable[[str, int, int], None]


def run_case(
    case: CaseFile,
    *,
    claims: Path | None = None,
    local: Path | None = None,
    data: Path | None = None,
    budget: int = DEFAULT_BUDGET,
    seed: int = 0,
    command: Sequence[str] = (),
    progress: Progress | None = None,
) -> CaseDocument:
    """Hold the candidate against its references, run controls, check claims.

    Each pair is an audit of its own. What cannot be read becomes a pair that was not
    run, with the reason.

    Args:
        case: what to run.
        claims: folder of its claim files; the shipped ones if ``None``.
        local: folder in which ``ORG/NAME`` may lie; what is there is not fetched.
        data: folder of the raw tables of its claims.
        budget: bytes to read of each model of a pair.
        seed: decides which bytes.
        command: how the run was called.
        progress: told about each pair.
    """
    todo: list[tuple[Role, str, str, str]] = []
    if case.candidate.ref is not None:
        todo += [
            ("reference", case.candidate.ref, r.ref, r.why) for r in case.references
        ]
    todo += [(c.kind, c.ref, c.against, c.why) for c in case.controls]
    pairs = []
    for number, (role, first, second, why) in enumerate(todo):
        if progress is not None:
            progress(f"{first} against {second}", number, len(todo))
        paths = (_resolve(first, local), _resolve(second, local))
        pairs.append(
            _compare(role, (first, second), paths, why, budget=budget, seed=seed)
        )
    if progress is not None:
        progress("claims", len(todo), len(todo))
    return CaseDocument(
        schema=CASE_SCHEMA,
        parentage=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=tuple(command),
        case=case,
        read_from=os.environ.get("HF_ENDPOINT", HUB),
        pairs=tuple(pairs),
        claims=tuple(_claims(case, claims, data)),
    )


def _resolve(name: str, local: Path | None) -> str:
    """A local folder of the model where there is one, else its public name."""
    if local is not None:
        organisation, _, model = name.partition("/")
        path = local / organisation / model
        if path.is_dir():
            return str(path)
    return name


def _compare(
    role: Role,
    names: tuple[str, str],
    paths: tuple[str, str],
    why: str,
    *,
    budget: int,
    seed: int,
) -> PairItem:
    first, second = names
    try:
        stand_in = any(_is_stand_in(path) for path in paths)
        report = audit(paths[0], [paths[1]], budget=budget, seed=seed)
    except ParentageError as error:
        return PairItem(
            role=role,
            candidate=first,
            reference=second,
            why=why,
            outcome="not-run",
            stand_in=False,
            error=str(error),
        )
    tokenizers = [i.tokenizer for i in report.lineage if i.tokenizer is not None]
    designs = [i.architecture for i in report.lineage if i.architecture is not None]
    return PairItem(
        role=role,
        candidate=first,
        reference=second,
        why=why,
        outcome=_outcome(report),
        stand_in=stand_in,
        modules=tuple(
            ModuleItem(
                name=m.name,
                finding=m.finding,
                share_numerator=m.share_numerator,
                share_denominator=m.share_denominator,
            )
            for m in report.modules
        ),
        coverage=report.coverage,
        tokenizer=tokenizers[0].finding.relation if tokenizers else None,
        architecture=tuple(
            f"{c.kind}: {c.word}" for design in designs for c in design.components
        ),
        bytes_read=report.candidate.bytes_read
        + sum(r.bytes_read for r in report.references),
    )


def _outcome(report: Report) -> PairOutcome:
    words = {m.finding for m in report.modules}
    if words & {"identical", "reused"}:
        return "found"
    tested = words - {"not-testable"}
    if "correspondence" in words or not tested or report.coverage < MIN_COVERAGE:
        return "inconclusive"
    return "nothing-found"


def _is_stand_in(path: str) -> bool:
    """Whether the model's own config says that it stands for another.

    Asked of local folders and of servers other than the Hub itself.
    """
    if not Path(path).exists() and os.environ.get("HF_ENDPOINT", HUB) == HUB:
        return False
    # Not by opening the model: of a large one that reads the headers of every shard.
    with suppress(OSError):  # the audit says it better
        return bool(read_config(find_weights(locate(path))).get(STAND_IN))
    return False


def _claims(
    case: CaseFile, claims: Path | None, data: Path | None
) -> list[ClaimDocument]:
    found = []
    for claim in case.claims:
        if claim.file is None:
            continue
        if claims is not None:
            found.append(_checked(claims / claim.file, data))
            continue
        with resources.as_file(shipped_folder().joinpath("claims", claim.file)) as path:
            found.append(_checked(path, data))
    return found


def _checked(path: Path, data: Path | None) -> ClaimDocument:
    if not path.is_file():
        raise CaseError("is named by the case and is not there", file=str(path))
    command = ["parentage", "check-claim", path.name]
    if data is not None:
        command += ["--data", str(data)]
    return check_claim(path, data=data, command=command)


def exit_code(document: CaseDocument) -> int:
    """Exit code of a run: of the candidate's pairs, if every control came out right.

    ``1`` if any pair of the candidate shows reuse; ``3`` if a control came out wrong,
    if a pair was inconclusive or not run, or if there is none; else ``0``.
    """
    own = [p for p in document.pairs if p.role == "reference"]
    if not all(p.as_known for p in document.pairs):
        return 3
    if any(p.outcome == "found" for p in own):
        return 1
    if not own or any(p.outcome != "nothing-found" for p in own):
        return 3
    return 0
