# SPDX-License-Identifier: Apache-2.0
"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables, and the ledger's beginning."""
    op.create_table(
        "portal_attempts",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "portal_attempts_key", "portal_attempts", ["key", "at"], unique=False
    )
    op.create_table(
        "portal_blobs",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "portal_ledger",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(
        op.f("ix_portal_ledger_subject"), "portal_ledger", ["subject"], unique=False
    )
    op.create_table(
        "portal_ledger_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "portal_organisations",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "portal_stages",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("teams", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created", sa.String(length=32), nullable=False),
        sa.Column("opened", sa.String(length=32), nullable=True),
        sa.Column("closed", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_table(
        "portal_accounts",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("display", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("organisation_id", _ID, nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("totp", sa.Text(), nullable=True),
        sa.Column("totp_used", sa.BigInteger(), nullable=False),
        sa.Column("oidc_issuer", sa.String(length=500), nullable=True),
        sa.Column("oidc_subject", sa.String(length=255), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created", sa.String(length=32), nullable=False),
        sa.Column("seen", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["portal_organisations.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("oidc_issuer", "oidc_subject"),
    )
    op.create_index(
        op.f("ix_portal_accounts_organisation_id"),
        "portal_accounts",
        ["organisation_id"],
        unique=False,
    )
    op.create_table(
        "portal_log",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("account_id", _ID, nullable=True),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["portal_accounts.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_portal_log_action"), "portal_log", ["action"], unique=False
    )
    op.create_index(op.f("ix_portal_log_at"), "portal_log", ["at"], unique=False)
    op.create_table(
        "portal_models",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("organisation_id", _ID, nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("licence", sa.String(length=200), nullable=False),
        sa.Column("declared_base", sa.String(length=500), nullable=False),
        sa.Column("created", sa.String(length=32), nullable=False),
        sa.Column("created_by", _ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["portal_accounts.id"],
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["portal_organisations.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_index(
        op.f("ix_portal_models_organisation_id"),
        "portal_models",
        ["organisation_id"],
        unique=False,
    )
    op.create_table(
        "portal_panel",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("stage_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("panel", sa.String(length=100), nullable=False),
        sa.Column("member", sa.String(length=100), nullable=False),
        sa.Column("excluded", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["portal_accounts.id"],
        ),
        sa.ForeignKeyConstraint(
            ["stage_id"],
            ["portal_stages.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("stage_id", "account_id"),
    )
    op.create_index(
        op.f("ix_portal_panel_account_id"), "portal_panel", ["account_id"], unique=False
    )
    op.create_table(
        "portal_sessions",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("created", sa.String(length=32), nullable=False),
        sa.Column("seen", sa.String(length=32), nullable=False),
        sa.Column("expires", sa.String(length=32), nullable=False),
        sa.Column("second_factor", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["portal_accounts.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "portal_tokens",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created", sa.String(length=32), nullable=False),
        sa.Column("expires", sa.String(length=32), nullable=False),
        sa.Column("used", sa.String(length=32), nullable=True),
        sa.Column("revoked", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["portal_accounts.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(
        op.f("ix_portal_tokens_account_id"),
        "portal_tokens",
        ["account_id"],
        unique=False,
    )
    op.create_table(
        "portal_challenges",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("model_id", _ID, nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("claim", sa.String(length=64), nullable=False),
        sa.Column("claim_name", sa.String(length=100), nullable=False),
        sa.Column("tables", sa.JSON(), nullable=False),
        sa.Column("check_digest", sa.String(length=64), nullable=True),
        sa.Column("check_outcome", sa.String(length=32), nullable=True),
        sa.Column("decision", sa.String(length=32), nullable=True),
        sa.Column("created", sa.String(length=32), nullable=False),
        sa.Column("created_by", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["claim"],
            ["portal_blobs.digest"],
        ),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["portal_accounts.id"],
        ),
        sa.ForeignKeyConstraint(
            ["model_id"],
            ["portal_models.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_portal_challenges_model_id"),
        "portal_challenges",
        ["model_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_portal_challenges_state"), "portal_challenges", ["state"], unique=False
    )
    op.create_table(
        "portal_jobs",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("model_id", _ID, nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("step", sa.String(length=300), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("result", sa.String(length=64), nullable=True),
        sa.Column("cancel", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=100), nullable=False),
        sa.Column("beat", sa.String(length=32), nullable=True),
        sa.Column("created", sa.String(length=32), nullable=False),
        sa.Column("created_by", _ID, nullable=True),
        sa.Column("started", sa.String(length=32), nullable=True),
        sa.Column("finished", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["portal_accounts.id"],
        ),
        sa.ForeignKeyConstraint(
            ["model_id"],
            ["portal_models.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_portal_jobs_model_id"), "portal_jobs", ["model_id"], unique=False
    )
    op.create_index(
        op.f("ix_portal_jobs_subject"), "portal_jobs", ["subject"], unique=False
    )
    op.create_index("portal_jobs_state", "portal_jobs", ["state", "id"], unique=False)
    op.create_table(
        "portal_scores",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("stage_id", _ID, nullable=False),
        sa.Column("seat_id", _ID, nullable=True),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("item", sa.String(length=300), nullable=False),
        sa.Column("component", sa.String(length=100), nullable=False),
        sa.Column("team", sa.String(length=100), nullable=False),
        sa.Column("value", sa.String(length=40), nullable=False),
        sa.Column("target", sa.String(length=40), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("entered", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["portal_accounts.id"],
        ),
        sa.ForeignKeyConstraint(
            ["seat_id"],
            ["portal_panel.id"],
        ),
        sa.ForeignKeyConstraint(
            ["stage_id"],
            ["portal_stages.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("stage_id", "seat_id", "item", "team"),
    )
    op.create_table(
        "portal_versions",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("model_id", _ID, nullable=False),
        sa.Column("label", sa.String(length=100), nullable=False),
        sa.Column("reference", sa.String(length=1000), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("content", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created", sa.String(length=32), nullable=False),
        sa.Column("created_by", _ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["portal_accounts.id"],
        ),
        sa.ForeignKeyConstraint(
            ["model_id"],
            ["portal_models.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("model_id", "label"),
    )
    op.create_index(
        op.f("ix_portal_versions_content"), "portal_versions", ["content"], unique=False
    )
    op.create_index(
        op.f("ix_portal_versions_fingerprint"),
        "portal_versions",
        ["fingerprint"],
        unique=False,
    )
    op.create_index(
        op.f("ix_portal_versions_model_id"),
        "portal_versions",
        ["model_id"],
        unique=False,
    )
    op.create_table(
        "portal_job_events",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("text", sa.String(length=300), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["portal_jobs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_portal_job_events_job_id"),
        "portal_job_events",
        ["job_id"],
        unique=False,
    )
    op.create_table(
        "portal_reports",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("model_id", _ID, nullable=True),
        sa.Column("version_id", _ID, nullable=True),
        sa.Column("job_id", _ID, nullable=True),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("candidate", sa.String(length=300), nullable=False),
        sa.Column("candidate_digest", sa.String(length=64), nullable=False),
        sa.Column("references", sa.JSON(), nullable=False),
        sa.Column("finding", sa.String(length=32), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("coverage", sa.Double(), nullable=False),
        sa.Column("made", sa.String(length=32), nullable=False),
        sa.Column("created", sa.String(length=32), nullable=False),
        sa.Column("created_by", _ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["portal_accounts.id"],
        ),
        sa.ForeignKeyConstraint(
            ["digest"],
            ["portal_blobs.digest"],
        ),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["portal_jobs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["model_id"],
            ["portal_models.id"],
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["portal_versions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(
        op.f("ix_portal_reports_candidate_digest"),
        "portal_reports",
        ["candidate_digest"],
        unique=False,
    )
    op.create_index(
        op.f("ix_portal_reports_model_id"), "portal_reports", ["model_id"], unique=False
    )
    op.create_table(
        "portal_gates",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("stage_id", _ID, nullable=False),
        sa.Column("team", sa.String(length=100), nullable=False),
        sa.Column("criterion", sa.String(length=100), nullable=True),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("report_id", _ID, nullable=True),
        sa.Column("profile", sa.String(length=100), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("decided_by", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["portal_accounts.id"],
        ),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["portal_reports.id"],
        ),
        sa.ForeignKeyConstraint(
            ["stage_id"],
            ["portal_stages.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_portal_gates_stage_id"), "portal_gates", ["stage_id"], unique=False
    )
    op.bulk_insert(
        sa.table(
            "portal_ledger_head",
            sa.column("id", sa.Integer),
            sa.column("seq", sa.BigInteger),
            sa.column("digest", sa.String),
        ),
        [{"id": 1, "seq": 0, "digest": "0" * 64}],
    )


def downgrade() -> None:
    """Drop everything."""
    op.drop_table("portal_gates")
    op.drop_table("portal_reports")
    op.drop_table("portal_job_events")
    op.drop_table("portal_versions")
    op.drop_table("portal_scores")
    op.drop_table("portal_jobs")
    op.drop_table("portal_challenges")
    op.drop_table("portal_tokens")
    op.drop_table("portal_sessions")
    op.drop_table("portal_panel")
    op.drop_table("portal_models")
    op.drop_table("portal_log")
    op.drop_table("portal_accounts")
    op.drop_table("portal_stages")
    op.drop_table("portal_organisations")
    op.drop_table("portal_ledger_head")
    op.drop_table("portal_ledger")
    op.drop_table("portal_blobs")
    op.drop_table("portal_attempts")
