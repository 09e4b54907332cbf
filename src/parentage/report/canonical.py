# SPDX-License-Identifier: Apache-2.0
"""One byte string for one report, and its digest.

Signatures and comparisons need bytes that do not depend on spacing, on the order of
keys, or on whether a field holds its default: fields that later versions add stay at
their defaults in older reports, whose digests must not change.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parentage.report.document import Report

UNSIGNED: Final = frozenset({"replies"})
"""Fields that are no part of a report's digest."""


def canonical_json(data: object) -> bytes:
    """JSON with sorted keys and no spaces, UTF-8.

    Numbers are written as Python's ``repr`` does: the shortest form that reads back
    as the same float64.
    """
    return json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode("utf-8", "surrogatepass")


def report_data(report: Report) -> dict[str, Any]:
    """What a report's digest covers: all but replies, defaults left out."""
    text = report.model_dump_json(
        by_alias=True, exclude=set(UNSIGNED), exclude_defaults=True
    )
    return {**json.loads(text), "schema": report.schema_}


def report_digest(report: Report) -> str:
    """SHA-256 of a report without its replies, in hexadecimal."""
    return hashlib.sha256(canonical_json(report_data(report))).hexdigest()


def differences(a: object, b: object, path: str = "") -> Iterator[str]:
    """Paths at which two documents differ, such as ``modules.2.log10_p``."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted({*a, *b}):
            where = f"{path}.{key}" if path else str(key)
            if key in a and key in b:
                yield from differences(a[key], b[key], where)
            else:
                yield where
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for n, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from differences(x, y, f"{path}.{n}")
    elif type(a) is not type(b) or a != b:
        yield path or "document"
