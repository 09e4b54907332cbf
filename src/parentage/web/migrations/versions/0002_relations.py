# SPDX-License-Identifier: Apache-2.0
"""Relations between models, taken from the reports that are stored already.

Until here the lineage was read from the reports one by one. Models also get a family
and a date of release, reports their headline in every language (older ones have the
one of their document).
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table and fill it; add two columns."""
    relations = op.create_table(
        "portal_relations",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("report_id", _ID, sa.ForeignKey("portal_reports.id"), nullable=False),
        sa.Column("candidate", sa.String(300), nullable=False),
        sa.Column("reference", sa.String(300), nullable=False),
        sa.Column("module", sa.String(100), nullable=False),
        sa.Column("parameters", sa.BigInteger, nullable=False),
        sa.Column("share", sa.Double, nullable=False),
        sa.Column("finding", sa.String(32), nullable=False),
        sa.Column("effect", sa.Double),
        sa.Column("log10_p", sa.Double),
    )
    for column in ("report_id", "candidate", "reference", "finding"):
        op.create_index(f"ix_portal_relations_{column}", "portal_relations", [column])
    for column, length in (("family", 100), ("released", 32)):
        op.add_column(
            "portal_models",
            sa.Column(column, sa.String(length), nullable=False, server_default=""),
        )
    op.add_column("portal_reports", sa.Column("headlines", sa.JSON(none_as_null=True)))
    connection = op.get_bind()
    stored = connection.execute(
        sa.text(
            "SELECT r.id, b.content FROM portal_reports r "
            "JOIN portal_blobs b ON b.digest = r.digest ORDER BY r.id"
        )
    ).all()
    for number, content in stored:
        rows = _relations(json.loads(bytes(content)))
        if rows:
            op.bulk_insert(relations, [{"report_id": number, **row} for row in rows])


def _relations(report: dict[str, Any]) -> list[dict[str, Any]]:
    """What a report says, written out: later code must not change this step."""
    return [
        {
            "candidate": report["candidate"]["name"][:300],
            "reference": outcome["reference"][:300],
            "module": module["name"][:100],
            "parameters": module["parameters"],
            "share": module["share"],
            "finding": outcome["finding"],
            "effect": outcome["effect"],
            "log10_p": outcome["log10_p_adjusted"],
        }
        for module in report["modules"]
        for outcome in module["outcomes"]
    ]


def downgrade() -> None:
    """Drop what was added."""
    op.drop_table("portal_relations")
    with op.batch_alter_table("portal_reports") as table:
        table.drop_column("headlines")
    with op.batch_alter_table("portal_models") as table:
        table.drop_column("released")
        table.drop_column("family")
