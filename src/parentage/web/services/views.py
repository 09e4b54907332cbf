# SPDX-License-Identifier: Apache-2.0
"""What services give back: plain values for templates and for JSON.

Times are UTC in ISO 8601. Documents that the command line also writes (reports,
verdicts, checked claims, screenings) appear as they are.
"""

from __future__ import annotations

from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from parentage.report.claim_document import ClaimDocument
from parentage.report.document import FindingWord, Report
from parentage.report.verdict_document import Verdict
from parentage.web.permissions import Reach, Role

T = TypeVar("T")

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
ENDED: Final[frozenset[JobState]] = frozenset({"done", "failed", "cancelled"})
ChallengeState = Literal["open", "checked", "replied", "decided"]
Decision = Literal["upheld", "dismissed", "partly-upheld", "withdrawn"]
StageState = Literal["draft", "open", "closed"]
GateOutcome = Literal["pass", "fail", "open"]


class View(BaseModel):
    """Base of all views."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(View, Generic[T]):
    """A part of a list."""

    items: tuple[T, ...]
    total: int
    offset: int
    limit: int


# ---- people


class OrganisationView(View):
    """An organisation."""

    id: int
    slug: str
    name: str


class AccountView(View):
    """An account; what only its owner and administrators see."""

    id: int
    name: str
    display: str
    email: str | None
    role: Role
    organisation: OrganisationView | None
    active: bool
    totp: bool = Field(description="whether a second factor is set")
    local: bool = Field(description="whether it has a password here")
    oidc: bool
    created: str
    seen: str | None


class MeView(View):
    """Who is asking, and what they may do."""

    account: AccountView | None
    role: Role
    can: dict[str, Reach]


class TokenView(View):
    """An API token without its secret."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created: str
    expires: str
    used: str | None
    revoked: str | None


class NewToken(View):
    """A token that was just made: the only time that its text is shown."""

    token: str
    view: TokenView


class TotpSetup(View):
    """What an authenticator app needs."""

    secret: str
    uri: str = Field(description="otpauth://… to show as a QR code")


class LogView(View):
    """A row of the audit log."""

    id: int
    at: str
    actor: str
    action: str
    target: str
    address: str
    details: dict[str, Any]


# ---- models


class VersionView(View):
    """A state of a model's weights."""

    id: int
    model_id: int
    label: str
    reference: str = Field(description="'' where only a fingerprint or report is known")
    fingerprint: str | None
    note: str
    created: str
    reports: int = 0


class ModuleView(View):
    """A module of a model by its latest report."""

    name: str
    family: str
    parameters: int
    share: float
    finding: FindingWord
    reference: str | None
    effect: float | None
    log10_p_adjusted: float | None
    report_id: int


class ModelRow(View):
    """A model in a list."""

    id: int
    name: str
    organisation: OrganisationView | None
    family: str
    versions: int
    finding: FindingWord | None = Field(description="of the latest report")
    report_id: int | None
    reported: str | None
    challenges: int = Field(description="that are not decided")
    created: str


class ReportRow(View):
    """A report in a list."""

    id: int
    digest: str = Field(description="SHA-256 of the stored bytes")
    candidate: str
    references: tuple[str, ...]
    model_id: int | None
    model: str | None
    version_id: int | None
    job_id: int | None
    origin: Literal["audit", "upload"]
    finding: FindingWord
    headline: str
    headlines: dict[str, str] = Field(description="by language")
    coverage: float
    made: str = Field(description="when the audit was made")
    created: str = Field(description="when the portal got it")


class ReportView(View):
    """A report with its document."""

    row: ReportRow
    document: Report
    later: tuple[ReportRow, ...] = Field(
        (), description="later reports of the same model, newest first"
    )


class ComparedReport(View):
    """A report under several profiles."""

    row: ReportRow
    verdicts: tuple[Verdict, ...] = Field(description="in the order of the profiles")


class ProfileRow(View):
    """A profile that is offered."""

    id: str
    version: str
    title: dict[str, str]
    stance: dict[str, str]


class ComparisonView(View):
    """Reports side by side under profiles."""

    profiles: tuple[ProfileRow, ...]
    reports: tuple[ComparedReport, ...]


# ---- jobs


class JobEventView(View):
    """A step of a job."""

    at: str
    text: str
    done: int
    total: int


class JobView(View):
    """Work in the background."""

    id: int
    kind: Literal["audit", "claim"]
    state: JobState
    model_id: int | None
    model: str | None
    candidate: str
    references: tuple[str, ...]
    profiles: tuple[str, ...]
    step: str
    done: int
    total: int
    share: float = Field(description="0 to 1")
    error: dict[str, Any] | None
    report_id: int | None
    challenge_id: int | None
    cancel: bool = Field(description="whether it was asked to stop")
    attempts: int
    created: str
    started: str | None
    finished: str | None
    events: tuple[JobEventView, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED


# ---- challenges and the ledger


class EntryView(View):
    """An entry of the ledger."""

    seq: int
    at: str
    kind: str
    subject: str
    actor: str
    payload: dict[str, Any]
    previous: str
    digest: str


class ChainView(View):
    """Whether the ledger holds together."""

    entries: int
    head: str
    intact: bool
    problems: tuple[str, ...]


class ChallengeRow(View):
    """A challenge in a list."""

    id: int
    title: str
    model_id: int
    model: str
    state: ChallengeState
    outcome: str | None = Field(description="of the check of the claim")
    decision: Decision | None
    by: str
    created: str


class ChallengeView(View):
    """A challenge with all that happened to it."""

    row: ChallengeRow
    statement: str
    claim: str = Field(description="text of the claim file")
    claim_name: str
    tables: dict[str, str] = Field(description="raw table -> SHA-256")
    check: ClaimDocument | None
    job_id: int | None
    entries: tuple[EntryView, ...] = Field(description="oldest first")
    may_reply: bool
    may_decide: bool


class ModelView(View):
    """A model's own page."""

    row: ModelRow
    description: str
    licence: str
    declared_base: str
    released: str
    versions: tuple[VersionView, ...] = Field(description="newest first")
    modules: tuple[ModuleView, ...] = Field(description="by the latest report")
    reports: tuple[ReportRow, ...] = Field(description="newest first")
    challenges: tuple[ChallengeRow, ...]
    jobs: tuple[JobView, ...]
    entries: tuple[EntryView, ...] = Field(description="of the ledger, oldest first")
    may_edit: bool
    may_audit: bool


# ---- stages


class StageRow(View):
    """A stage in a list."""

    id: int
    slug: str
    title: dict[str, str]
    state: StageState
    teams: int
    opened: str | None
    closed: str | None


class ItemView(View):
    """Something that a number is entered for."""

    id: str = Field(description="part.item, or part.item.criterion")
    part: str
    component: str = Field(description="measurement of which the item is made, or ''")
    panel: str | None = Field(description="who scores it; null: an office measures it")
    title: dict[str, str]
    part_title: dict[str, str]
    points: float
    lowest: float
    highest: float
    target: bool = Field(False, description="whether a target is entered beside it")


class TeamView(View):
    """A team of a stage."""

    id: str
    title: dict[str, str]
    model_name: str = Field(description="as the stage's definition has it")
    model_id: int | None
    organisation_id: int | None


class CriterionView(View):
    """A criterion of a stage's gate."""

    id: str
    title: dict[str, str]
    text: dict[str, str]


class GateView(View):
    """An outcome of the gate, or of one of its criteria, for a team."""

    id: int
    team: str
    criterion: str | None = Field(description="null: the gate as a whole")
    source: Literal["verdict", "committee"]
    report_id: int | None
    profile: str
    outcome: GateOutcome
    reasons: str
    at: str
    by: str


class SeatView(View):
    """A panel member's seat; without their scores."""

    id: int
    account_id: int
    name: str
    panel: str
    member: str = Field(description="what the scores call them")
    excluded: dict[str, str] = Field(description="team -> reason")
    entered: int = Field(description="scores entered so far")
    due: int = Field(description="scores to enter")


class ScoreView(View):
    """A score; who sees it depends on the stage's state."""

    member: str = Field(description="'' for a measurement")
    item: str
    component: str
    team: str
    value: float
    target: float | None
    note: str
    entered: str


class SheetView(View):
    """What one panel member scores, and has scored: theirs alone."""

    stage: StageRow
    seat: SeatView
    items: tuple[ItemView, ...]
    teams: tuple[TeamView, ...] = Field(description="without those they are kept from")
    scores: tuple[ScoreView, ...]


class StageView(View):
    """A stage with what its reader may see."""

    row: StageRow
    definition: str = Field(description="TOML")
    digest: str = Field(description="SHA-256 of the definition")
    items: tuple[ItemView, ...]
    panels: dict[str, dict[str, str]] = Field(description="panel -> title")
    teams: tuple[TeamView, ...]
    criteria: tuple[CriterionView, ...]
    profile: str | None = Field(description="that reports are judged under at the gate")
    gates: tuple[GateView, ...] = Field(description="the latest of each criterion")
    seats: tuple[SeatView, ...] = Field(description="for administrators")
    scores: tuple[ScoreView, ...] = Field(
        description="single scores: for administrators, once the stage is closed"
    )
    measured: tuple[ScoreView, ...] = Field(
        description="measurements; for administrators until the stage is closed"
    )
    result: dict[str, Any] | None = Field(
        description="parentage.program's StageResult, once the stage is closed"
    )
    entries: tuple[EntryView, ...] = Field(description="of the ledger, oldest first")
    may_score: bool
    may_gate: bool
    may_manage: bool


# ---- lineage and search


class NodeView(View):
    """A model in the lineage graph."""

    id: str
    name: str
    model_id: int | None = Field(description="null: known from reports only")
    organisation: str | None
    family: str | None
    released: str | None
    parameters: int | None
    finding: FindingWord | None = Field(
        description="worst of its latest audit; null: never audited"
    )


class EdgeView(View):
    """What is said of two models: the strongest finding, with its modules."""

    child: str
    parent: str
    declared: bool = Field(description="the maker says so; no finding by itself")
    finding: FindingWord | None
    share: float | None = Field(description="of the child's parameters, 0 to 1")
    modules: tuple[str, ...]
    report_id: int | None


class GraphView(View):
    """All known models and what is known of their descent."""

    nodes: tuple[NodeView, ...]
    edges: tuple[EdgeView, ...]


class FingerprintView(View):
    """A fingerprint of the registry."""

    digest: str
    name: str
    revision: str
    model_digest: str
    parameters: int
    size: int
    added: str
    model_id: int | None


class SearchView(View):
    """What a search found."""

    query: str
    models: tuple[ModelRow, ...]
    fingerprints: tuple[FingerprintView, ...]
    reports: tuple[ReportRow, ...]
    challenges: tuple[ChallengeRow, ...]


class HomeView(View):
    """What the first page shows."""

    models: int
    reports: int
    challenges: int
    open_challenges: int
    stages: tuple[StageRow, ...]
    latest_reports: tuple[ReportRow, ...]
    latest_decisions: tuple[EntryView, ...]
    ledger: ChainHead


class ChainHead(View):
    """Where the ledger stands."""

    seq: int
    digest: str


HomeView.model_rebuild()
