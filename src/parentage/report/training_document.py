# SPDX-License-Identifier: Apache-2.0
"""The document on a training record, version 1: ``parentage.training/1``.

It stands alone (``parentage training verify``) and inside a report as its field
``training``. ``support`` is what a profile may ask for; everything it rests on is in
``lines`` and ``evidence``.
"""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from parentage.evidence.base import Grade
from parentage.evidence.record import RecordOutcome
from parentage.verdict.training import Support

SCHEMA: Final = "parentage.training/1"

Value = str | int | float | bool | None


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, ser_json_inf_nan="null", populate_by_name=True
    )


class RecordItem(_Part):
    """The result of one check on one part of the record."""

    check: str
    grade: Grade
    outcome: RecordOutcome
    subject: str
    reason: str = Field(description="key of the sentence that facts fill in")
    statistic: str | None = None
    value: float | None = None
    threshold: float | None = None
    n: int = 0
    log10_p: float | None = None
    facts: dict[str, Value] = {}
    items: tuple[dict[str, Value], ...] = ()


class PieceItem(_Part):
    """A piece that a record can hold, and whether this one does."""

    id: str
    present: bool
    needed: bool


class RuleItem(_Part):
    """A line of the rule, and the checks that keep it from being met."""

    id: str
    met: bool
    lacking: tuple[str, ...] = ()


class CurveItem(_Part):
    """A quantity over the steps, thinned for drawing: middle and range per bin."""

    name: str
    points: int = Field(description="values that the bins hold")
    steps: tuple[float, ...]
    middle: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


class FactItem(_Part):
    """Something about a log file: a line that could not be read, a gap, a restart."""

    code: str
    line: int | None = None
    step: float | None = None
    text: str = ""


class LogItem(_Part):
    """A log file as it was read."""

    file: str
    stage: str | None
    format: str
    rows: int
    stride: int
    bytes_read: int
    first_step: float | None
    last_step: float | None
    columns: tuple[str, ...]
    counts: dict[str, int] = Field(description="facts by code, all of them")
    facts: tuple[FactItem, ...] = ()
    stated: dict[str, float] = {}
    curves: tuple[CurveItem, ...] = ()


class ComputeItem(_Part):
    """The arithmetic of a stage beside what its hardware could do."""

    stage: str
    tokens: float | None
    parameters: float | None = Field(description="that a token passes through")
    flops: float | None = Field(description="6 N D and the attention term")
    attention_flops: float | None = None
    device_hours: float | None = None
    accelerators: tuple[str, ...] = ()
    peak_flops: float | None = Field(None, description="of all device hours together")
    utilisation: float | None = None


class ChainPoint(_Part):
    """A set of weights in the chain: step 0, a checkpoint, the end, a reference."""

    label: str
    kind: Literal["step-0", "checkpoint", "released", "reference"]
    step: int | None = None
    stored: Literal["weights", "fingerprint"] = "weights"


class ChainLink(_Part):
    """Exact tests between two points of the chain, by their place in ``points``."""

    a: int
    b: int
    finding: str
    log10_p: float | None = None
    effect: float | None = None


class ChainItem(_Part):
    """The chain of checkpoints."""

    points: tuple[ChainPoint, ...] = ()
    links: tuple[ChainLink, ...] = ()


class TrainingDocument(_Part):
    """What a training record holds, what was checked, and what it supports."""

    schema_: Literal["parentage.training/1"] = Field(SCHEMA, alias="schema")
    versions: dict[str, str]
    created: str = Field(description="UTC, ISO 8601")
    seconds: float
    command: tuple[str, ...]
    packet: str = Field(description="folder of the record")
    model: str
    digest: str | None = Field(None, description="SHA-256 of the list of digests")
    support: Support
    lines: tuple[RuleItem, ...]
    contradictions: tuple[str, ...] = Field(description="checks that contradict")
    pieces: tuple[PieceItem, ...]
    evidence: tuple[RecordItem, ...]
    logs: tuple[LogItem, ...] = ()
    compute: tuple[ComputeItem, ...] = ()
    chain: ChainItem = ChainItem()
    trusted: tuple[str, ...] = Field(
        default=(), description="keys of what was taken on trust"
    )

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)


class LogDocument(_Part):
    """Training logs on their own: what they hold, and what was checked."""

    schema_: Literal["parentage.training-log/1"] = Field(
        "parentage.training-log/1", alias="schema"
    )
    versions: dict[str, str]
    created: str = Field(description="UTC, ISO 8601")
    seconds: float
    command: tuple[str, ...]
    logs: tuple[LogItem, ...]
    evidence: tuple[RecordItem, ...]

    def to_json(self) -> str:
        """The document as JSON text, UTF-8, two-space indent."""
        return self.model_dump_json(by_alias=True, indent=2)
