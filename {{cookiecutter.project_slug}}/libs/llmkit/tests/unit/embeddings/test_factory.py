import pytest
from pydantic import SecretStr, ValidationError

from llmkit.embeddings.cache import CachedEmbedder
from llmkit.embeddings.errors import EmbeddingModelMissing
from llmkit.embeddings.factory import close_embedder, make_embedder, make_reranker
from llmkit.embeddings.provider import ProviderEmbedder
from llmkit.embeddings.settings import EmbeddingSettings


async def test_hashing_is_the_default_and_needs_no_cache(tmp_path):
    embedder = make_embedder(EmbeddingSettings(), cache_dir=tmp_path)
    assert embedder.fingerprint == "hashed-768-1"
    assert list(tmp_path.iterdir()) == []
    await close_embedder(embedder)


def test_dimensions_are_a_setting():
    assert make_embedder(EmbeddingSettings(dimensions=256), cache_dir=None).dimensions == 256


async def test_an_api_is_cached_and_both_are_closed(tmp_path):
    embedder = make_embedder(EmbeddingSettings(provider="openai", api_key=SecretStr("k")), cache_dir=tmp_path)
    assert isinstance(embedder, CachedEmbedder)
    assert embedder.fingerprint == "openai-text-embedding-3-small-1536"
    await close_embedder(embedder)


def test_the_cache_can_be_switched_off(tmp_path):
    for settings, folder in (
        (EmbeddingSettings(provider="openai", cache_mb=0), tmp_path),
        (EmbeddingSettings(provider="openai"), None),
    ):
        assert isinstance(make_embedder(settings, cache_dir=folder), ProviderEmbedder)


def test_an_unknown_model_of_an_api_needs_its_dimensions():
    unknown = EmbeddingSettings(provider="openai", model="bge-m3")
    with pytest.raises(ValueError, match="EMBEDDING__DIMENSIONS"):
        make_embedder(unknown, cache_dir=None)
    assert (
        make_embedder(unknown.model_copy(update={"dimensions": 1024}), cache_dir=None).fingerprint
        == "openai-bge-m3-1024"
    )


def test_a_local_model_needs_a_folder(tmp_path):
    with pytest.raises(ValidationError, match="needs model_dir"):
        EmbeddingSettings(provider="fastembed")
    with pytest.raises(ValidationError, match="needs reranker_dir"):
        EmbeddingSettings(reranker="fastembed")
    with pytest.raises(EmbeddingModelMissing):
        make_embedder(EmbeddingSettings(provider="fastembed", model_dir=tmp_path), cache_dir=None)
    with pytest.raises(EmbeddingModelMissing):
        make_reranker(EmbeddingSettings(reranker="fastembed", reranker_dir=tmp_path))


def test_downloads_can_be_allowed():
    settings = EmbeddingSettings(provider="fastembed", reranker="fastembed", download=True)
    assert make_embedder(settings, cache_dir=None).fingerprint == "fastembed-BAAI/bge-small-en-v1.5"
    assert make_reranker(settings).name == "fastembed:Xenova/ms-marco-MiniLM-L-6-v2"


@pytest.mark.parametrize("name", ["none", "lexical"])
def test_rerankers_are_chosen_by_name(name):
    assert make_reranker(EmbeddingSettings(reranker=name)).name == name


def test_importing_the_factory_loads_no_model_library(run_python):
    heavy = {"fastembed", "onnxruntime", "httpx2", "openai"}
    assert run_python(f"import sys, llmkit.embeddings.factory; print({heavy} & set(sys.modules))") == "set()"
