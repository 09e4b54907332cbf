# SPDX-License-Identifier: Apache-2.0
"""Every error that parentage raises on purpose.

::

    ParentageError                        code            exit
    ├── UsageError                        usage           2
    ├── ArtifactError                     artifact        4
    │   ├── UnreadableError               unreadable      4
    │   │   ├── HeaderError               header          4
    │   │   ├── LayoutError               layout          4
    │   │   ├── TruncatedError            truncated       4
    │   │   ├── IndexFileError            index           4
    │   │   ├── ConfigError               config          4
    │   │   ├── TokenizerError            tokenizer       4
    │   │   ├── ClaimError                claim           4
    │   │   ├── CaseError                 case            4
    │   │   ├── FingerprintError          fingerprint     4
    │   │   ├── PacketError               packet          4
    │   │   ├── TrainingLogError          training-log    4
    │   │   └── UnsafePathError           unsafe-path     4
    │   ├── SourceError                   source          4
    │   │   ├── AccessError               access          4
    │   │   ├── NotThereError             not-there       4
    │   │   ├── UnreachableError          unreachable     4
    │   │   ├── OfflineError              offline         4
    │   │   ├── ChangedError              changed         4
    │   │   └── ProtocolError             protocol        4
    │   └── DtypeError                    dtype           4
    ├── DescriptionError                  description     4
    ├── ReportError                       report          4
    ├── ListedError                       listed          4
    │   ├── ProfileError                  profile         4
    │   ├── DeclarationError              declaration     4
    │   └── StageError                    stage           4
    ├── AttestationError                  attestation     4
    ├── MissingExtraError                 missing-extra   2
    ├── RegistryError                     registry        4
    └── PortalError                       portal          4
        ├── SignInError                   sign-in         4
        ├── ForbiddenError                forbidden       4
        ├── NoSuchPageError               no-such-page    4
        ├── ConflictError                 conflict        4
        ├── RefusedError                  refused         4
        ├── TooLargeError                 too-large       4
        ├── TooOftenError                 too-often       4
        └── LedgerError                   ledger          4

Each message says where (file, tensor, byte offset), what was expected, what was
found and what to do next, so that one line is enough to act on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Self


class ParentageError(Exception):
    """Base of every error raised on purpose.

    Args:
        message: what is wrong, with the value that was found.
        file: the file the bytes came from, if any.
        tensor: the tensor concerned, if any.
        offset: byte offset in ``file``, if known.
        expected: what would have been right.
        advice: what the reader can do next.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 5

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        tensor: str | None = None,
        offset: int | None = None,
        expected: str | None = None,
        advice: str | None = None,
    ) -> None:
        self.message = message
        self.file = file
        self.tensor = tensor
        self.offset = offset
        self.expected = expected
        self.advice = advice
        super().__init__(str(self))

    def __str__(self) -> str:
        where = ":".join(
            part
            for part in (
                self.file,
                self.tensor,
                None if self.offset is None else f"byte {self.offset}",
            )
            if part
        )
        text = f"{where}: {self.message}" if where else self.message
        if self.expected:
            text += f"; expected {self.expected}"
        if self.advice:
            text += f". {self.advice}"
        return text

    def to_json(self) -> dict[str, object]:
        """The error as plain data, for ``--json`` and for translation."""
        return {
            "code": self.code,
            "message": self.message,
            "file": self.file,
            "tensor": self.tensor,
            "offset": self.offset,
            "expected": self.expected,
            "advice": self.advice,
        }


class UsageError(ParentageError):
    """The command or the call asked for something that does not exist."""

    code = "usage"
    exit_code = 2


class ArtifactError(ParentageError):
    """The files of a model could not be used."""

    code = "artifact"
    exit_code = 4


class UnreadableError(ArtifactError):
    """A file is malformed, missing or not a model."""

    code = "unreadable"


class HeaderError(UnreadableError):
    """A file's header is malformed: length, JSON, keys, dtypes or shapes."""

    code = "header"


class LayoutError(UnreadableError):
    """Byte ranges overlap, leave holes or disagree with shape and dtype."""

    code = "layout"


class TruncatedError(UnreadableError):
    """The file ends before the bytes that its header promises."""

    code = "truncated"


class IndexFileError(UnreadableError):
    """A shard index is malformed or names shards that are not there."""

    code = "index"


class ConfigError(UnreadableError):
    """A configuration file is not what it should be."""

    code = "config"


class TokenizerError(UnreadableError):
    """A tokenizer file is malformed, or of a format that is not known."""

    code = "tokenizer"


class ClaimError(UnreadableError):
    """A published claim, or a table that it names, is not what it should be."""

    code = "claim"


class CaseError(UnreadableError):
    """A case file is not what it should be."""

    code = "case"


class FingerprintError(UnreadableError):
    """A fingerprint is malformed, damaged, or of an unknown version."""

    code = "fingerprint"


class PacketError(UnreadableError):
    """A training record's manifest is malformed, or names files that are not there."""

    code = "packet"


class TrainingLogError(UnreadableError):
    """A training log is of an unknown format, or nothing of it can be read."""

    code = "training-log"


class UnsafePathError(UnreadableError):
    """A path leads out of the model's folder."""

    code = "unsafe-path"


class SourceError(ArtifactError):
    """What lies elsewhere could not be fetched; nothing is said of its content."""

    code = "source"


class AccessError(SourceError):
    """The server knows the model and does not give it: gated, private, forbidden."""

    code = "access"


class NotThereError(SourceError):
    """The server has no such repository, revision, bucket or file."""

    code = "not-there"


class UnreachableError(SourceError):
    """No answer that helps, after as many attempts as are made."""

    code = "unreachable"


class OfflineError(SourceError):
    """The network was switched off and what is needed is not in the cache."""

    code = "offline"


class ChangedError(SourceError):
    """The file is not the one that the reading began with."""

    code = "changed"


class ProtocolError(SourceError):
    """The server answers what was not asked: no ranges, other lengths, other bytes."""

    code = "protocol"


class DtypeError(ArtifactError):
    """The stored number format is listed but cannot be decoded."""

    code = "dtype"


class DescriptionError(ParentageError):
    """The tensors of a model cannot be described."""

    code = "description"
    exit_code = 4


class ReportError(ParentageError):
    """A stored report is malformed or of an unknown version."""

    code = "report"
    exit_code = 4


_MOST_SHOWN: Final = 100


class ListedError(ParentageError):
    """A written file is wrong in one or more places, which are all named.

    Attributes:
        problems: (line, what is wrong there), all of them.
    """

    code = "listed"
    exit_code = 4
    problems: tuple[tuple[int, str], ...] = ()

    @classmethod
    def of(cls, file: str, problems: Sequence[tuple[int, str]]) -> Self:
        """One error that says everything that is wrong with a file.

        The message names the first of very many; ``problems`` holds them all.
        """
        rows = "; ".join(
            f"line {line}: {what}" if line else what
            for line, what in problems[:_MOST_SHOWN]
        )
        more = len(problems) - _MOST_SHOWN
        rows += f"; and {more} more" if more > 0 else ""
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        error = cls(f"{count}: {rows}", file=file)
        error.problems = tuple(problems)
        return error

    def to_json(self) -> dict[str, object]:
        """The error as plain data, with every problem and its line."""
        rows = [{"line": line, "message": what} for line, what in self.problems]
        return {**super().to_json(), "problems": rows}


class ProfileError(ListedError):
    """A profile does not exist, or its file is wrong."""

    code = "profile"


class DeclarationError(ListedError):
    """A model card or a submission manifest cannot be read."""

    code = "declaration"


class StageError(ListedError):
    """A stage of an evaluation does not exist, or its file or its scores are wrong."""

    code = "stage"


class AttestationError(ParentageError):
    """A key, a signature or a signed statement is malformed.

    One that is well-formed but does not hold is no error: it is the answer of
    ``parentage verify``.
    """

    code = "attestation"
    exit_code = 4


class MissingExtraError(ParentageError):
    """What was asked for needs an extra that is not installed."""

    code = "missing-extra"
    exit_code = 2

    @classmethod
    def of(cls, what: str, extra: str) -> MissingExtraError:
        """The error for a feature, with the line that installs what it needs."""
        return cls(
            f"{what} needs the extra '{extra}', which is not installed",
            advice=f"Install it: pip install 'parentage[{extra}]'",
        )


class RegistryError(ParentageError):
    """A registry cannot be reached, is damaged, or lacks what was asked for."""

    code = "registry"
    exit_code = 4


class PortalError(ParentageError):
    """The portal refuses what was asked, or could not be reached."""

    code = "portal"
    exit_code = 4


class SignInError(PortalError):
    """Nobody is signed in, or name, password or code are wrong."""

    code = "sign-in"


class ForbiddenError(PortalError):
    """Whoever is signed in may not do this."""

    code = "forbidden"


class NoSuchPageError(PortalError):
    """There is nothing under this number or name, or it is not for this reader."""

    code = "no-such-page"


class ConflictError(PortalError):
    """What is asked contradicts what is there: taken, closed, already decided."""

    code = "conflict"


class RefusedError(PortalError):
    """What was sent is not taken: an address, a path, a form, a value."""

    code = "refused"


class TooLargeError(PortalError):
    """What was sent is larger than is taken."""

    code = "too-large"


class TooOftenError(PortalError):
    """Too many requests or failures; later again."""

    code = "too-often"


class LedgerError(PortalError):
    """A ledger is malformed; one that does not hold together is no error."""

    code = "ledger"
