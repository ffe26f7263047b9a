"""Create the tables of usage, budgets, the stop switch, cached answers and prompt aliases."""

import sqlalchemy as sa
from alembic import op

from servicekit.database import JsonDocument, UtcDateTime

revision = "llmkit_0001"
down_revision = None
branch_labels = ("llmkit",)
depends_on = None


def upgrade() -> None:
    _create_money()
    _create_cache()
    op.create_table(
        "prompt_aliases",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("weights", JsonDocument, nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_prompt_aliases"),
    )


def _create_money() -> None:
    op.create_table(
        "llm_usage",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("input_tokens", sa.Integer(), nullable=False),
        sa.Column("cached_input_tokens", sa.Integer(), nullable=False),
        sa.Column("output_tokens", sa.Integer(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("cost_usd", sa.BigInteger(), nullable=False),  # trillionths of a dollar, as all amounts here
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("prompt_name", sa.String(64)),
        sa.Column("prompt_version", sa.String(32)),
        sa.Column("request_id", sa.String(128)),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_llm_usage"),
    )
    op.create_index("ix_llm_usage_tenant_day", "llm_usage", ["tenant", "day"])
    op.create_index("ix_llm_usage_day", "llm_usage", ["day"])
    op.create_table(
        "llm_budget_days",
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("spent_usd", sa.BigInteger(), nullable=False),
        sa.Column("reserved_usd", sa.BigInteger(), nullable=False),
        sa.Column("alerted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "day", name="pk_llm_budget_days"),
    )
    op.create_table(
        "llm_reservations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount_usd", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_llm_reservations"),
    )
    op.create_index("ix_llm_reservations_tenant_day", "llm_reservations", ["tenant", "day"])
    op.create_index("ix_llm_reservations_expires_at", "llm_reservations", ["expires_at"])
    op.create_table(
        "llm_switches",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_llm_switches"),
    )


def _create_cache() -> None:
    op.create_table(
        "llm_answers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("question", sa.Text()),
        sa.Column("vector", sa.LargeBinary()),
        sa.Column("fingerprint", sa.String(255)),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("model", sa.String(128), nullable=False),
        sa.Column("message", JsonDocument, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_llm_answers"),
    )
    op.create_index("uq_llm_answers_tenant_key", "llm_answers", ["tenant", "key"], unique=True)
    op.create_index("ix_llm_answers_tenant_scope_id", "llm_answers", ["tenant", "scope", "id"])
    op.create_index("ix_llm_answers_tenant_id", "llm_answers", ["tenant", "id"])
    op.create_index("ix_llm_answers_expires_at", "llm_answers", ["expires_at"])
    op.create_table(
        "llm_answer_tags",
        sa.Column("answer_id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.String(128), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.ForeignKeyConstraint(
            ["answer_id"], ["llm_answers.id"], name="fk_llm_answer_tags_answer_id_llm_answers", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("answer_id", "tag", name="pk_llm_answer_tags"),
    )
    op.create_index("ix_llm_answer_tags_tenant_tag", "llm_answer_tags", ["tenant", "tag"])


def downgrade() -> None:
    for table in ("prompt_aliases", "llm_answer_tags", "llm_answers"):
        op.drop_table(table)
    for table in ("llm_switches", "llm_reservations", "llm_budget_days", "llm_usage"):
        op.drop_table(table)
