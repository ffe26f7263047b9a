"""Documents with their revisions and chunks, and the collections of the store of vectors."""

import sqlalchemy as sa
from alembic import op

from servicekit.database import JsonDocument, UtcDateTime

revision = "rag_0001"
down_revision = None
branch_labels = ("rag",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("revision", sa.Uuid(), nullable=True),
        sa.Column("latest", sa.Uuid(), nullable=False),
        sa.Column("tags", JsonDocument, nullable=False),
        sa.Column("metadata", JsonDocument, nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
    )
    op.create_index("uq_documents_tenant_name", "documents", ["tenant", "name"], unique=True)
    op.create_index("ix_documents_revision", "documents", ["revision"])
    op.create_table(
        "revisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(128), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("media_type", sa.String(255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("chunks", sa.Integer(), nullable=True),
        sa.Column("error_code", sa.String(64), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("error_hint", sa.Text(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ready_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_revisions_document_id_documents"), ondelete="CASCADE"
        ),
    )
    op.create_index("uq_revisions_document_id_number", "revisions", ["document_id", "number"], unique=True)
    op.create_index("ix_revisions_tenant_sha256", "revisions", ["tenant", "sha256"])
    op.create_index("ix_revisions_state", "revisions", ["state"])
    op.create_table(
        "chunks",
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("heading", JsonDocument, nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("page_end", sa.Integer(), nullable=False),
        sa.Column("breaks", JsonDocument, nullable=False),
        sa.Column("parent", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("revision_id", "ordinal", name=op.f("pk_chunks")),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revisions.id"], name=op.f("fk_chunks_revision_id_revisions"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_chunks_revision_id_parent", "chunks", ["revision_id", "parent"])
    op.create_table(
        "index_collections",
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("fingerprint", sa.String(255), nullable=False),
        sa.Column("dimensions", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_index_collections")),
    )
    active = sa.text("state = 'active'")
    op.create_index(
        "uq_index_collections_active",
        "index_collections",
        ["state"],
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )


def downgrade() -> None:
    op.drop_table("index_collections")
    op.drop_table("chunks")
    op.drop_table("revisions")
    op.drop_table("documents")
