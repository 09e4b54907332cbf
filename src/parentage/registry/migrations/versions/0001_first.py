# SPDX-License-Identifier: Apache-2.0
"""The first tables: fingerprints, their files, and the registry's own name."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables, and draw the registry's name."""
    registry = op.create_table(
        "registry",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "name",
            sa.String(64),
            nullable=False,
            comment="drawn once, names the caches",
        ),
    )
    op.bulk_insert(registry, [{"id": 1, "name": secrets.token_hex(16)}])
    op.create_table(
        "fingerprints",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column(
            "digest",
            sa.String(64),
            nullable=False,
            unique=True,
            comment="of the content",
        ),
        sa.Column("name", sa.Text, nullable=False, index=True),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("model_digest", sa.String(64), nullable=False),
        sa.Column("parameters", sa.BigInteger, nullable=False),
        sa.Column(
            "seed", sa.BigInteger, nullable=False, comment="of the sampling scheme"
        ),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False, comment="bytes of the file"),
        sa.Column("added", sa.String(32), nullable=False, comment="UTC, ISO 8601"),
        sa.Column("sketch", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "contents",
        sa.Column(
            "fingerprint",
            _ID,
            sa.ForeignKey("fingerprints.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("file", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop everything: what was registered is lost."""
    op.drop_table("contents")
    op.drop_table("fingerprints")
    op.drop_table("registry")
