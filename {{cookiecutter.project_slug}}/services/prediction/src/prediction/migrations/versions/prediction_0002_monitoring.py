"""Predictions, labels, monitoring reports and retrainings."""

import sqlalchemy as sa
from alembic import op

from servicekit.database import JsonDocument, UtcDateTime

revision = "prediction_0002"
down_revision = "prediction_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "predictions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("variant", sa.String(16), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("request_id", sa.String(128), nullable=False),
        sa.Column("key", sa.Text()),
        sa.Column("features", sa.Text(), nullable=False),
        sa.Column("label", sa.Text()),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("probabilities", sa.Text()),
        sa.PrimaryKeyConstraint("id", "variant", name="pk_predictions"),
    )
    op.create_index("ix_predictions_at", "predictions", ["at"])
    op.create_index("ix_predictions_tenant_model_version_at", "predictions", ["tenant", "model", "version", "at"])
    op.create_table(
        "labels",
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("prediction_id", sa.String(64), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("observed_at", UtcDateTime()),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("corrections", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "prediction_id", name="pk_labels"),
    )
    op.create_index("ix_labels_received_at", "labels", ["received_at"])
    op.create_table(
        "monitoring_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("status", sa.String(24), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("document", JsonDocument, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_monitoring_reports"),
    )
    op.create_index("ix_monitoring_reports_created_at", "monitoring_reports", ["created_at"])
    op.create_index(
        "ix_monitoring_reports_tenant_model_kind_created_at",
        "monitoring_reports",
        ["tenant", "model", "kind", "created_at"],
    )
    op.create_table(
        "retrainings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("trigger", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("rows", sa.Integer()),
        sa.Column("challenger", sa.String(32)),
        sa.Column("promoted", sa.Boolean()),
        sa.Column("outcome", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_retrainings"),
    )
    op.create_index("ix_retrainings_tenant_model_created_at", "retrainings", ["tenant", "model", "created_at"])


def downgrade() -> None:
    for table in ("retrainings", "monitoring_reports", "labels", "predictions"):
        op.drop_table(table)
