# SPDX-License-Identifier: Apache-2.0
"""A printed number, and how exact its digits say it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

_NUMBER: Final = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>\d{1,3}(?:,\d{3})+|\d*)(?:\.(?P<part>\d+))?"
    r"(?:[eE](?P<power>[+-]?\d{1,3}))?\s*(?P<percent>%?)",
    re.ASCII,
)
_HASH: Final = re.compile(r"(?P<hex>[0-9a-f]{8,128})(?P<cut>(?:…|\.\.\.)?)", re.ASCII)
_LARGEST: Final = Decimal(10) ** 18
"""No statistic of a claim is larger; longer numbers are a mistake or an attack."""

Match = Literal["reproduces", "cut-off", "differs"]


class UnprintableError(ValueError):
    """A text that is no number, hash or answer; the message says why."""


@dataclass(frozen=True)
class Printed:
    """A printed value.

    Attributes:
        text: as it was printed.
        value: the number; ``None`` for a hash.
        unit: one unit of the last printed digit, 0 for a hash.
        digest: hexadecimal digits of a hash, lower case.
    """

    text: str
    value: Decimal | None = None
    unit: Decimal = Decimal(0)
    digest: str | None = None

    @property
    def tolerance(self) -> float:
        """Half a unit of the last digit: what rounding can hide."""
        return float(self.unit / 2)

    def compare(self, found: float | str, slack: float = 0.0) -> Match:
        """Whether a recomputed value would have been printed like this.

        ``cut-off``: it would if digits were dropped in place of rounded.

        Args:
            found: what was recomputed.
            slack: how far it may be off itself, because raw values were rounded.
        """
        if self.digest is not None:
            return "reproduces" if str(found).startswith(self.digest) else "differs"
        if isinstance(found, str) or self.value is None:
            return "differs"
        exact = Decimal(found)
        # Doubles carry about 16 digits: a tie may fall on either side of half a unit.
        tie = abs(exact) * Decimal("1e-12")
        away = abs(exact - self.value)
        if away <= self.unit / 2 + Decimal(slack) + tie:
            return "reproduces"
        closer_to_zero = abs(self.value) <= abs(exact) + tie
        if away < self.unit and closer_to_zero:
            return "cut-off"
        return "differs"


def printed(text: str) -> Printed:
    """The value of a printed text: ``.9487``, ``−0.0023``, ``53.09 %``, ``196,608``.

    A hash is at least eight hexadecimal digits, one of them a letter, and may end in
    ``…``.

    Raises:
        UnprintableError: it is none of these, or not finite, or absurdly large.
    """
    plain = text.strip().replace("\u2212", "-").replace("\u2009", "")
    match = _HASH.fullmatch(plain.lower())
    if match and (match["cut"] or re.search(r"[a-f]", match["hex"])):
        return Printed(text, digest=match["hex"])
    match = _NUMBER.fullmatch(plain) if len(plain) <= 64 else None
    if match is None or not (match["whole"] or match["part"]):
        message = f"'{text[:40]}' is no finite number and no hash"
        raise UnprintableError(message)
    digits = match["part"] or ""
    power = int(match["power"] or 0)
    value = Decimal(f"{match['whole'].replace(',', '') or 0}.{digits or 0}")
    value = (-value if match["sign"] == "-" else value).scaleb(power)
    unit = Decimal(1).scaleb(power - len(digits))
    if match["percent"]:
        value, unit = value / 100, unit / 100
    if abs(value) > _LARGEST:
        message = f"'{text[:40]}' is larger than any statistic"
        raise UnprintableError(message)
    return Printed(text, value, unit)
