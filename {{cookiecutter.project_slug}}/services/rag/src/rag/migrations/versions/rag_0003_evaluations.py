"""Evaluations."""

import sqlalchemy as sa
from alembic import op

from servicekit.database import JsonDocument, UtcDateTime

revision = "rag_0003"
down_revision = "rag_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "evaluations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime()),
        sa.Column("mlflow_run", sa.String(64)),
        sa.Column("report", JsonDocument, nullable=False),
        sa.Column("comparison", JsonDocument, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evaluations"),
    )
    op.create_index("ix_evaluations_tenant_id", "evaluations", ["tenant", "id"])


def downgrade() -> None:
    op.drop_table("evaluations")
