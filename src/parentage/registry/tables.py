# SPDX-License-Identifier: Apache-2.0
"""The tables of a registry. Changes to them go with a migration."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

METADATA: Final = MetaData()

_ID: Final = BigInteger().with_variant(Integer, "sqlite")

REGISTRY: Final = Table(
    "registry",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False, comment="drawn once, names the caches"),
)

FINGERPRINTS: Final = Table(
    "fingerprints",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False, unique=True, comment="of the content"),
    Column("name", Text, nullable=False, index=True),
    Column("revision", Text, nullable=False),
    Column("model_digest", String(64), nullable=False),
    Column("parameters", BigInteger, nullable=False),
    Column("seed", BigInteger, nullable=False, comment="of the sampling scheme"),
    Column("level", Integer, nullable=False),
    Column("size", BigInteger, nullable=False, comment="bytes of the file"),
    Column("added", String(32), nullable=False, comment="UTC, ISO 8601"),
    Column("sketch", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
"""What is known of each fingerprint. Caches rely on numbers never being used twice."""

CONTENTS: Final = Table(
    "contents",
    METADATA,
    Column(
        "fingerprint",
        _ID,
        ForeignKey("fingerprints.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("file", LargeBinary, nullable=False),
)
"""The files themselves, apart: a search reads only those that it tests."""
