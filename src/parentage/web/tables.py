# SPDX-License-Identifier: Apache-2.0
"""The portal's tables.

Times are UTC in ISO 8601 with six digits, so that their texts sort as they passed.
Bytes that must stay what they are (reports, fingerprints, claims) lie in ``blobs``
under their SHA-256. What is append-only says so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

VERSION_TABLE: Final = "portal_version"
"""Where alembic notes the version: a registry may lie in the same database."""

ID: Final = BigInteger().with_variant(Integer, "sqlite")


def now() -> str:
    """The time, as it is stored."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


def _id() -> Mapped[int]:
    return mapped_column(ID, primary_key=True, autoincrement=True)


class Organisation(Base):
    """A team, an agency, a company."""

    __tablename__ = "portal_organisations"
    id: Mapped[int] = _id()
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    created: Mapped[str] = mapped_column(String(32), default=now)


class Account(Base):
    """Somebody who can sign in; never deleted, because the record names it."""

    __tablename__ = "portal_accounts"
    __table_args__ = (UniqueConstraint("oidc_issuer", "oidc_subject"),)
    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(String(64), unique=True)
    display: Mapped[str] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(16))
    organisation_id: Mapped[int | None] = mapped_column(
        ForeignKey("portal_organisations.id"), index=True
    )
    password: Mapped[str | None] = mapped_column(Text)
    totp: Mapped[str | None] = mapped_column(Text)
    totp_used: Mapped[int] = mapped_column(BigInteger, default=0)
    oidc_issuer: Mapped[str | None] = mapped_column(String(500))
    oidc_subject: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    created: Mapped[str] = mapped_column(String(32), default=now)
    seen: Mapped[str | None] = mapped_column(String(32))
    organisation: Mapped[Organisation | None] = relationship(lazy="joined")


class SignIn(Base):
    """A session of a browser; only the digest of its cookie is kept."""

    __tablename__ = "portal_sessions"
    id: Mapped[int] = _id()
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("portal_accounts.id"))
    created: Mapped[str] = mapped_column(String(32), default=now)
    seen: Mapped[str] = mapped_column(String(32), default=now)
    expires: Mapped[str] = mapped_column(String(32))
    second_factor: Mapped[bool] = mapped_column(default=True)
    account: Mapped[Account] = relationship(lazy="joined")


class Token(Base):
    """An API token; only its digest is kept."""

    __tablename__ = "portal_tokens"
    id: Mapped[int] = _id()
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("portal_accounts.id"), index=True
    )
    name: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[list[Any]] = mapped_column()
    created: Mapped[str] = mapped_column(String(32), default=now)
    expires: Mapped[str] = mapped_column(String(32))
    used: Mapped[str | None] = mapped_column(String(32))
    revoked: Mapped[str | None] = mapped_column(String(32))
    account: Mapped[Account] = relationship(lazy="joined")


class Attempt(Base):
    """Something that is counted against a limit, such as a failed sign-in."""

    __tablename__ = "portal_attempts"
    __table_args__ = (Index("portal_attempts_key", "key", "at"),)
    id: Mapped[int] = _id()
    key: Mapped[str] = mapped_column(String(200))
    at: Mapped[str] = mapped_column(String(32), default=now)


class Blob(Base):
    """Bytes as they came, under their SHA-256."""

    __tablename__ = "portal_blobs"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    size: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created: Mapped[str] = mapped_column(String(32), default=now)


class Model(Base):
    """A model that is entered, or only known as a reference."""

    __tablename__ = "portal_models"
    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(String(200), unique=True)
    organisation_id: Mapped[int | None] = mapped_column(
        ForeignKey("portal_organisations.id"), index=True
    )
    description: Mapped[str] = mapped_column(Text, default="")
    licence: Mapped[str] = mapped_column(String(200), default="")
    declared_base: Mapped[str] = mapped_column(String(500), default="")
    family: Mapped[str] = mapped_column(String(100), default="")
    released: Mapped[str] = mapped_column(String(32), default="")
    created: Mapped[str] = mapped_column(String(32), default=now)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("portal_accounts.id"))
    organisation: Mapped[Organisation | None] = relationship(lazy="joined")


class Version(Base):
    """A state of a model's weights, named by a reference or by a fingerprint."""

    __tablename__ = "portal_versions"
    __table_args__ = (UniqueConstraint("model_id", "label"),)
    id: Mapped[int] = _id()
    model_id: Mapped[int] = mapped_column(ForeignKey("portal_models.id"), index=True)
    label: Mapped[str] = mapped_column(String(100))
    reference: Mapped[str] = mapped_column(String(1000), default="")
    fingerprint: Mapped[str | None] = mapped_column(String(64), index=True)
    content: Mapped[str | None] = mapped_column(String(64), index=True)
    note: Mapped[str] = mapped_column(Text, default="")
    created: Mapped[str] = mapped_column(String(32), default=now)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("portal_accounts.id"))
    model: Mapped[Model] = relationship(lazy="joined")


class Job(Base):
    """Work in the background, and how far it is."""

    __tablename__ = "portal_jobs"
    __table_args__ = (Index("portal_jobs_state", "state", "id"),)
    id: Mapped[int] = _id()
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="queued")
    subject: Mapped[str] = mapped_column(String(64), index=True)
    model_id: Mapped[int | None] = mapped_column(
        ForeignKey("portal_models.id"), index=True
    )
    payload: Mapped[dict[str, Any]] = mapped_column()
    step: Mapped[str] = mapped_column(String(300), default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    result: Mapped[str | None] = mapped_column(String(64))
    cancel: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str] = mapped_column(String(100), default="")
    beat: Mapped[str | None] = mapped_column(String(32))
    created: Mapped[str] = mapped_column(String(32), default=now)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("portal_accounts.id"))
    started: Mapped[str | None] = mapped_column(String(32))
    finished: Mapped[str | None] = mapped_column(String(32))


class JobEvent(Base):
    """A step that a job took. Append-only."""

    __tablename__ = "portal_job_events"
    id: Mapped[int] = _id()
    job_id: Mapped[int] = mapped_column(ForeignKey("portal_jobs.id"), index=True)
    at: Mapped[str] = mapped_column(String(32), default=now)
    text: Mapped[str] = mapped_column(String(300))
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)


class StoredReport(Base):
    """A report; its bytes lie in ``blobs``. Append-only."""

    __tablename__ = "portal_reports"
    id: Mapped[int] = _id()
    digest: Mapped[str] = mapped_column(ForeignKey("portal_blobs.digest"), unique=True)
    model_id: Mapped[int | None] = mapped_column(
        ForeignKey("portal_models.id"), index=True
    )
    version_id: Mapped[int | None] = mapped_column(ForeignKey("portal_versions.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("portal_jobs.id"))
    origin: Mapped[str] = mapped_column(String(16))
    candidate: Mapped[str] = mapped_column(String(300))
    candidate_digest: Mapped[str] = mapped_column(String(64), index=True)
    references: Mapped[list[Any]] = mapped_column()
    finding: Mapped[str] = mapped_column(String(32))
    headline: Mapped[str] = mapped_column(Text)
    headlines: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    coverage: Mapped[float] = mapped_column()
    made: Mapped[str] = mapped_column(String(32))
    created: Mapped[str] = mapped_column(String(32), default=now)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("portal_accounts.id"))
    model: Mapped[Model | None] = relationship(lazy="joined")


class Relation(Base):
    """What a report says of one module against one reference: an edge of the graph."""

    __tablename__ = "portal_relations"
    id: Mapped[int] = _id()
    report_id: Mapped[int] = mapped_column(ForeignKey("portal_reports.id"), index=True)
    candidate: Mapped[str] = mapped_column(String(300), index=True)
    reference: Mapped[str] = mapped_column(String(300), index=True)
    module: Mapped[str] = mapped_column(String(100))
    parameters: Mapped[int] = mapped_column(BigInteger)
    share: Mapped[float] = mapped_column()
    finding: Mapped[str] = mapped_column(String(32), index=True)
    effect: Mapped[float | None] = mapped_column()
    log10_p: Mapped[float | None] = mapped_column()


class Challenge(Base):
    """A claim against a model; what happens to it is written in the ledger."""

    __tablename__ = "portal_challenges"
    id: Mapped[int] = _id()
    model_id: Mapped[int] = mapped_column(ForeignKey("portal_models.id"), index=True)
    title: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(16), default="open", index=True)
    claim: Mapped[str] = mapped_column(ForeignKey("portal_blobs.digest"))
    claim_name: Mapped[str] = mapped_column(String(100))
    tables: Mapped[dict[str, Any]] = mapped_column()
    check: Mapped[str | None] = mapped_column("check_digest", String(64))
    check_outcome: Mapped[str | None] = mapped_column(String(32))
    decision: Mapped[str | None] = mapped_column(String(32))
    created: Mapped[str] = mapped_column(String(32), default=now)
    created_by: Mapped[int] = mapped_column(ForeignKey("portal_accounts.id"))
    model: Mapped[Model] = relationship(lazy="joined")


class Entry(Base):
    """An entry of the public ledger. Append-only; each holds the digest before it."""

    __tablename__ = "portal_ledger"
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64), index=True)
    actor: Mapped[str] = mapped_column(String(200))
    payload: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64), unique=True)


class LedgerHead(Base):
    """The last entry's number and digest; the row that writers take turns by."""

    __tablename__ = "portal_ledger_head"
    id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64))


class Stage(Base):
    """A stage evaluation."""

    __tablename__ = "portal_stages"
    id: Mapped[int] = _id()
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[dict[str, Any]] = mapped_column()
    definition: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), default="draft")
    teams: Mapped[dict[str, Any]] = mapped_column()
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created: Mapped[str] = mapped_column(String(32), default=now)
    opened: Mapped[str | None] = mapped_column(String(32))
    closed: Mapped[str | None] = mapped_column(String(32))


class PanelSeat(Base):
    """Who sits on which panel of a stage, and which teams are kept from them."""

    __tablename__ = "portal_panel"
    __table_args__ = (UniqueConstraint("stage_id", "account_id"),)
    id: Mapped[int] = _id()
    stage_id: Mapped[int] = mapped_column(ForeignKey("portal_stages.id"))
    account_id: Mapped[int] = mapped_column(
        ForeignKey("portal_accounts.id"), index=True
    )
    panel: Mapped[str] = mapped_column(String(100))
    member: Mapped[str] = mapped_column(String(100))
    excluded: Mapped[dict[str, Any]] = mapped_column()
    account: Mapped[Account] = relationship(lazy="joined")


class Score(Base):
    """A number that a panel member, or an office, entered."""

    __tablename__ = "portal_scores"
    __table_args__ = (UniqueConstraint("stage_id", "seat_id", "item", "team"),)
    id: Mapped[int] = _id()
    stage_id: Mapped[int] = mapped_column(ForeignKey("portal_stages.id"))
    seat_id: Mapped[int | None] = mapped_column(ForeignKey("portal_panel.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("portal_accounts.id"))
    item: Mapped[str] = mapped_column(String(300))
    component: Mapped[str] = mapped_column(String(100), default="")
    team: Mapped[str] = mapped_column(String(100))
    value: Mapped[str] = mapped_column(String(40))
    target: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[str] = mapped_column(Text, default="")
    entered: Mapped[str] = mapped_column(String(32), default=now)


class Gate(Base):
    """An outcome of a gate's criterion for a team. Append-only; the last counts."""

    __tablename__ = "portal_gates"
    id: Mapped[int] = _id()
    stage_id: Mapped[int] = mapped_column(ForeignKey("portal_stages.id"), index=True)
    team: Mapped[str] = mapped_column(String(100))
    criterion: Mapped[str | None] = mapped_column(String(100))
    source: Mapped[str] = mapped_column(String(16))
    report_id: Mapped[int | None] = mapped_column(ForeignKey("portal_reports.id"))
    profile: Mapped[str] = mapped_column(String(100), default="")
    outcome: Mapped[str] = mapped_column(String(16))
    reasons: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[str] = mapped_column(String(32), default=now)
    by: Mapped[int] = mapped_column("decided_by", ForeignKey("portal_accounts.id"))


class LogRow(Base):
    """The audit log: who did what, from where. Append-only, for administrators."""

    __tablename__ = "portal_log"
    id: Mapped[int] = _id()
    at: Mapped[str] = mapped_column(String(32), default=now, index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("portal_accounts.id"))
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(64), index=True)
    target: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(64), default="")
    details: Mapped[dict[str, Any]] = mapped_column()
