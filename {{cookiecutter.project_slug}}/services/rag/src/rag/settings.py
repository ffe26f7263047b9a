"""Every setting of the rag service, in small groups. An environment variable is `GROUP__FIELD`."""

from typing import ClassVar, Self

from pydantic import SecretStr, model_validator

from llmkit.cache import CacheSettings
from llmkit.embeddings.settings import EmbeddingSettings
from llmkit.guardrails.settings import GuardrailSettings
from llmkit.money.settings import MoneySettings
from llmkit.prompts import PromptSettings
from llmkit.settings import LlmSettings
from rag.answering.settings import AnsweringSettings
from rag.chunking.settings import ChunkingSettings
from rag.conversations.settings import ConversationSettings
from rag.documents.settings import IngestionSettings
from rag.evaluation.settings import EvaluationSettings
from rag.indexing.settings import IndexSettings
from rag.parsing.settings import ParsingSettings
from rag.retrieval.settings import RetrievalSettings
from servicekit.settings import Group, ServiceSettings


class MlflowSettings(Group):
    """Where evaluations are logged and prompts are published."""

    tracking_uri: str = ""  # an MLflow server or database; empty: SQLite and a folder in DATA_DIR


class RagSettings(ServiceSettings):
    """Settings of the rag service's API and worker."""

    service_name: ClassVar[str] = "rag"

    rag_url: str = "http://127.0.0.1:8002"  # the running service that commands talk to
    rag_key: SecretStr | None = None  # their API key; unset means the development key

    llm: LlmSettings = LlmSettings()
    cache: CacheSettings = CacheSettings()
    prompts: PromptSettings = PromptSettings()
    money: MoneySettings = MoneySettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    guardrails: GuardrailSettings = GuardrailSettings()
    parsing: ParsingSettings = ParsingSettings()
    chunking: ChunkingSettings = ChunkingSettings()
    index: IndexSettings = IndexSettings()
    ingestion: IngestionSettings = IngestionSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    answering: AnsweringSettings = AnsweringSettings()
    conversations: ConversationSettings = ConversationSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    mlflow: MlflowSettings = MlflowSettings()

    @model_validator(mode="after")
    def _embedded_store_has_one_process(self) -> Self:
        if not self.index.url and self.jobs.broker_url.get_secret_value() != "memory://":
            raise ValueError("INDEX__URL is needed when workers are processes of their own (JOBS__BROKER_URL)")
        return self

    @property
    def mlflow_uri(self) -> str:
        """Return the tracking server's address, or the embedded database's."""
        return self.mlflow.tracking_uri or f"sqlite:///{self.data_dir.resolve() / 'mlflow.db'}"
