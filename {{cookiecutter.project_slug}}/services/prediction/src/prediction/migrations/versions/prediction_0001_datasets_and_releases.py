"""Data sets, and the release of models: policies and the audit log."""

import sqlalchemy as sa
from alembic import op

from servicekit.database import JsonDocument, UtcDateTime

revision = "prediction_0001"
down_revision = None
branch_labels = ("prediction",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "datasets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("profile", JsonDocument, nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
    )
    op.create_index("uq_datasets_tenant_sha256", "datasets", ["tenant", "sha256"], unique=True)
    op.create_table(
        "release_policies",
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("canary_percent", sa.Integer(), nullable=False),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.Column("pending", JsonDocument, nullable=True),
        sa.Column("lease_owner", sa.String(64), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "model", name=op.f("pk_release_policies")),
    )
    op.create_table(
        "release_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("version", sa.String(32), nullable=True),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", JsonDocument, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_events")),
    )
    op.create_index("ix_release_events_tenant_model_id", "release_events", ["tenant", "model", "id"])


def downgrade() -> None:
    op.drop_table("release_events")
    op.drop_table("release_policies")
    op.drop_table("datasets")
