# SPDX-License-Identifier: Apache-2.0
"""Verifying a report: signatures, digests and, given the models, the audit again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from parentage.errors import UsageError
from parentage.report import attestation_words as words
from parentage.report.attestation import (
    SHOWN,
    check_envelope,
    check_statement,
)
from parentage.report.attestation_document import (
    Check,
    Verification,
    failed,
    overall,
    passed,
)
from parentage.report.attestation_envelope import PAYLOAD_TYPE, read_envelopes
from parentage.report.attestation_keys import load_public, timestamp
from parentage.report.attestation_model import check_model, load_model_key
from parentage.report.canonical import differences, report_data, report_digest
from parentage.report.load import load_report
from parentage.report.reply import check_replies
from parentage.verdict.finding import Criteria

if TYPE_CHECKING:
    from parentage.report.attestation_envelope import Envelope
    from parentage.report.attestation_keys import PublicKey
    from parentage.report.document import Report

SIGNATURE_SUFFIX: Final = ".intoto.jsonl"
"""Ends the name of the file of signatures beside a report."""

VOLATILE: Final = frozenset({"created", "seconds", "command", "versions"})
"""What may differ between two runs: times, how it was called, versions."""

JUDGED: Final = frozenset({"declared", "licences", "verdicts"})
"""Judged from the report and from model cards afterwards; not from weights."""

Progress = Callable[[str, int, int], None]


def signature_file(report: str | Path) -> Path:
    """Where the signatures of a report are looked for."""
    return Path(f"{report}{SIGNATURE_SUFFIX}")


def verify_report(
    path: str | Path,
    *,
    signature: str | Path | None = None,
    keys: Sequence[str | Path] = (),
    models: Sequence[str | Path] = (),
    model_keys: Sequence[str | Path] = (),
    identity: str | None = None,
    issuer: str | None = None,
    at: datetime | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Is this report what somebody signed, and does the audit give it again?

    Args:
        path: the report.
        signature: file of envelopes; by default ``PATH.intoto.jsonl``, if it is there.
        keys: files of public keys that the reader trusts.
        models: the candidate, then the references in the report's order; the audit
            is run again on them and compared. None leaves that out.
        model_keys: files of public keys that the models' makers sign with.
        identity, issuer: who a keyless signature must be of.
        at: the time at which keys must be valid; by default now.
        progress: told about the audit.

    Raises:
        ReportError, AttestationError, ArtifactError: a file is malformed.
        UsageError: another number of models than the report has.
    """
    report = load_report(path)
    when = at or datetime.now(UTC)
    trusted = [load_public(key) for key in keys]
    file = Path(signature) if signature is not None else signature_file(path)
    checks: list[Check] = []
    if signature is not None or file.exists():
        checks += _envelopes(
            read_envelopes(file), report, trusted, when, (identity, issuer)
        )
    checks += check_replies(report, trusted, when)
    if models:
        makers = [load_model_key(key) for key in model_keys]
        for model in models:
            checks += check_model(model, makers, identity=identity, issuer=issuer)
        checks += run_again(report, models, progress=progress)
    found = tuple(checks)
    return Verification(
        schema="parentage.verification/1",
        report=str(path),
        digest=report_digest(report),
        created=str(timestamp(datetime.now(UTC))),
        outcome=overall(found),
        checks=found,
    )


def _envelopes(
    envelopes: Sequence[Envelope],
    report: Report,
    keys: Sequence[PublicKey],
    at: datetime,
    who: tuple[str | None, str | None],
) -> list[Check]:
    checks: list[Check] = []
    for envelope in envelopes:
        if envelope.bundle is None or who[0] is None or _has_key(envelope):
            checks += check_envelope(envelope, report, keys, at)
            continue
        from parentage.report.attestation_sigstore import (  # noqa: PLC0415
            check_bundle,
        )

        keyless = check_bundle(envelope, "signature", who[0], who[1])
        checks.append(keyless)
        if keyless.outcome != "failed" and envelope.payload_type == PAYLOAD_TYPE:
            checks += check_statement(envelope.payload, report)
    return checks


def _has_key(envelope: Envelope) -> bool:
    material = (envelope.bundle or {}).get("verificationMaterial")
    return isinstance(material, dict) and "publicKey" in material


def run_again(
    report: Report, models: Sequence[str | Path], *, progress: Progress | None = None
) -> list[Check]:
    """Audit the models with the report's settings, and compare byte for byte.

    Times, versions, paths and the command line may differ, and what was judged from
    the report afterwards is not made again; everything else must be the same.

    Raises:
        UsageError: another number of models than the report has.
        ArtifactError: a model cannot be read.
    """
    infos = [report.candidate, *report.references]
    if len(models) != len(infos):
        raise UsageError(
            f"{len(models)} models were given",
            expected=f"{len(infos)}: " + ", ".join(info.name for info in infos),
            advice="Give --model once for the candidate, then for each reference.",
        )
    # Imported late: it loads everything that reads weights.
    from parentage.run.audit import audit  # noqa: PLC0415

    settings = report.settings
    again = audit(
        models[0],
        models[1:],
        budget=settings.budget,
        undo_budget=settings.undo_budget,
        descent_budget=settings.descent_budget,
        seed=settings.seed,
        criteria=criteria_of(report),
        labels=[info.name for info in infos],
        progress=progress,
    )
    checks = []
    fresh = [again.candidate, *again.references]
    for info, new in zip(infos, fresh, strict=True):
        same = info.digest == new.digest
        checks.append(
            passed("model-digest", words.SAME_DIGEST, info.name)
            if same
            else failed(
                "model-digest",
                words.OTHER_DIGEST,
                info.name,
                found=new.digest[:16],
                expected=info.digest[:16],
            )
        )
    return [*checks, _compare(report, again)]


def criteria_of(report: Report) -> Criteria:
    """The levels and floors that a report was judged with."""
    settings = report.settings
    given: dict[str, Any] = {
        name: getattr(settings, name)
        for name in (
            "log10_alpha",
            "log10_correspondence",
            "effect_floor",
            "shared_basis_ratio",
            "coupled_ratio",
            "aligned_floor",
            "token_floor",
            "log10_calibrated",
        )
    }
    if report.modules:
        given["power"] = report.modules[0].power.probability
    # Fields that an older report lacks keep their defaults.
    return Criteria(**{k: v for k, v in given.items() if v is not None})


def comparable(report: Report) -> dict[str, Any]:
    """What two runs of one audit must have in common."""
    data = report_data(report)
    for name in VOLATILE | JUDGED:
        data.pop(name, None)
    _without(data, "path")
    _without(data, "sha256")
    _without(data, "sha256_from")
    return data


def _without(data: object, name: str) -> None:
    """Take a key out of every object, however deep."""
    if isinstance(data, dict):
        data.pop(name, None)
        for value in data.values():
            _without(value, name)
    elif isinstance(data, list):
        for value in data:
            _without(value, name)


def _compare(report: Report, again: Report) -> Check:
    fields = list(differences(comparable(report), comparable(again)))
    old, new = report.versions, again.versions
    changed = ", ".join(
        f"{k} {old.get(k, '–')} → {new.get(k, '–')}"
        for k in sorted({*old, *new})
        if old.get(k) != new.get(k)
    )
    if not fields and not changed:
        return passed("re-run", words.SAME)
    if not fields:
        return passed(
            "re-run",
            words.SAME_WITH,
            versions=changed,
        )
    more = f" (+{len(fields) - SHOWN})" if len(fields) > SHOWN else ""
    places = {"fields": ", ".join(fields[:SHOWN]) + more}
    if changed:
        return failed(
            "re-run",
            words.DIFFERS_WITH,
            **places,
            versions=changed,
        )
    return failed(
        "re-run",
        words.DIFFERS,
        **places,
    )
