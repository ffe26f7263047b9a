"""fastembed's real loading code, with tiny models that are made here."""

import json
import shutil

import numpy as np
import onnx
import pytest
from fastembed import TextEmbedding
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.capi.onnxruntime_pybind11_state import NoSuchFile
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from llmkit.embeddings.errors import EmbeddingModelMissing
from llmkit.embeddings.fastembed import TOGETHER, FastembedEmbedder, FastembedReranker
from llmkit.embeddings.prefixes import Prefixes, prefixes_of

MODEL = "BAAI/bge-small-en-v1.5"  # fastembed takes its file name and dimensions from its list
CROSS_ENCODER = "Xenova/ms-marco-MiniLM-L-6-v2"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "pump", "pressure", "cat", "sleeps", "query", "bar", ":"]


def save_tokenizer(folder):
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 32, "pad_token": "[PAD]"}))
    (folder / "special_tokens_map.json").write_text(json.dumps({"pad_token": "[PAD]", "unk_token": "[UNK]"}))
    (folder / "config.json").write_text(json.dumps({"pad_token_id": 0}))


def save_graph(path, nodes, weights, outputs):
    names = ["input_ids", "attention_mask", "token_type_ids"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in names]
    graph = helper.make_graph(
        nodes, "tiny", inputs, outputs, [numpy_helper.from_array(w, n) for n, w in weights.items()]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    path.parent.mkdir(exist_ok=True)
    onnx.save(model, str(path))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An embedding model: the vector of a text is the mean of its words' random vectors, given as its first token's."""
    folder = tmp_path_factory.mktemp("embedding")
    save_tokenizer(folder)
    table = np.random.default_rng(0).normal(size=(len(WORDS), 384)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("ReduceMean", ["words"], ["last_hidden_state"], axes=[1], keepdims=1),
    ]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", 1, 384])
    save_graph(folder / "model_optimized.onnx", nodes, {"table": table}, [output])
    return folder


@pytest.fixture(scope="module")
def cross_folder(tmp_path_factory):
    """A cross-encoder: the score is how often the words `pump` and `pressure` stand in query and passage."""
    folder = tmp_path_factory.mktemp("cross")
    save_tokenizer(folder)
    table = np.zeros((len(WORDS), 1), dtype=np.float32)
    table[[4, 5]] = 1
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["words"]),
        helper.make_node("ReduceSum", ["words", "axes"], ["logits"], keepdims=0),
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1])
    save_graph(folder / "onnx" / "model.onnx", nodes, {"table": table, "axes": np.array([1])}, [output])
    return folder


def embedder(folder, **options):
    return FastembedEmbedder(MODEL, folder=folder, **({"prefixes": Prefixes()} | options))


async def test_a_model_is_loaded_from_its_folder(folder):
    model = embedder(folder, batch_size=2, threads=1)
    found = await model.embed_documents(["pump pressure", "cat sleeps", "pressure pump"])
    assert found.shape == (3, model.dimensions) == (3, 384)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert found[0] @ found[2] > 0.99 > found[0] @ found[1]
    assert (await model.embed_documents([])).shape == (0, 384)


async def test_prefixes_are_put_before_queries_and_passages(folder):
    model = embedder(folder, prefixes=Prefixes("query: ", ""))
    same = await embedder(folder).embed_query("query: pump")
    assert np.allclose(await model.embed_query("pump"), same)
    assert not np.allclose(await model.embed_query("pump"), (await model.embed_documents(["pump"]))[0])


def test_the_fingerprint_names_model_and_unusual_prefixes(folder):
    assert embedder(folder, prefixes=prefixes_of(MODEL)).fingerprint == f"fastembed-{MODEL}"
    assert embedder(folder).fingerprint == f"fastembed-{MODEL}-''-''"


async def test_a_cross_encoder_scores_passages(cross_folder):
    reranker = FastembedReranker(CROSS_ENCODER, folder=cross_folder, threads=1)
    scores = await reranker.rerank("pump", ["cat sleeps", "pump pressure"])
    assert scores == [1.0, 3.0]
    assert await reranker.rerank("pump", []) == []
    assert reranker.name == f"fastembed:{CROSS_ENCODER}"


async def test_texts_of_all_lengths_keep_their_order(folder, cross_folder):
    texts = [" ".join(words) for words in (["pump"] * 9, ["cat"], ["pressure"] * 5, ["cat", "sleeps"], ["bar"] * 7)]
    model = embedder(folder, batch_size=1)  # this network does not look at the mask: it knows no padding
    found = await model.embed_documents(texts)
    assert np.allclose(found, [await model.embed_query(text) for text in texts], atol=1e-6)
    reranker = FastembedReranker(CROSS_ENCODER, folder=cross_folder)
    assert await reranker.rerank("bar", texts) == [9.0, 0.0, 5.0, 0.0, 0.0]


async def test_a_network_is_given_few_texts_at_once(tmp_path):
    """These networks say how many they were given: a tall stack of texts would take gigabytes."""
    count = [
        helper.make_node("Shape", ["input_ids"], ["shape"], start=0, end=1),
        helper.make_node("Cast", ["shape"], ["count"], to=TensorProto.FLOAT),
    ]
    for folder in (tmp_path / "embedding", tmp_path / "cross"):
        folder.mkdir()
        save_tokenizer(folder)
    nodes = [
        *count,
        helper.make_node("Mul", ["count", "first"], ["counted"]),
        helper.make_node("Add", ["counted", "second"], ["vector"]),
        helper.make_node("Concat", ["shape", "size"], ["whole"], axis=0),
        helper.make_node("Expand", ["vector", "whole"], ["last_hidden_state"]),
    ]
    first, second = np.eye(2, 384, dtype=np.float32)
    weights = {"first": first, "second": second, "size": np.array([1, 384])}
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", 1, 384])
    save_graph(tmp_path / "embedding" / "model_optimized.onnx", nodes, weights, [output])
    nodes = [
        *count,
        helper.make_node("Concat", ["shape", "one"], ["whole"], axis=0),
        helper.make_node("Expand", ["count", "whole"], ["logits"]),
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1])
    save_graph(tmp_path / "cross" / "onnx" / "model.onnx", nodes, {"one": np.array([1])}, [output])

    vectors = await embedder(tmp_path / "embedding").embed_documents(["pump"] * 30)
    scores = await FastembedReranker(CROSS_ENCODER, folder=tmp_path / "cross").rerank("pump", ["bar"] * 30)

    assert np.rint(vectors[:, 0] / vectors[:, 1]).max() == max(scores) == TOGETHER


def test_missing_files_are_named(tmp_path):
    names = r"tokenizer\.json, tokenizer_config\.json, \*\.onnx:"
    with pytest.raises(EmbeddingModelMissing, match=rf"EMBEDDING__MODEL_DIR=.* lacks {names}"):
        embedder(tmp_path)


@pytest.mark.parametrize("name", ["tokenizer.json", "tokenizer_config.json", "model_optimized.onnx"])
async def test_what_is_asked_for_is_what_fastembed_needs(folder, tmp_path, name):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "config.json").unlink()
    (tmp_path / "special_tokens_map.json").unlink()
    assert (await embedder(tmp_path).embed_query("pump")).shape == (384,)
    (tmp_path / name).unlink()
    with pytest.raises(EmbeddingModelMissing, match="lacks"):
        embedder(tmp_path)
    with pytest.raises((ValueError, FileNotFoundError, NoSuchFile), match=name):
        TextEmbedding(MODEL, specific_model_path=str(tmp_path), local_files_only=True)


async def test_a_static_model_needs_no_network(tmp_path):
    save_tokenizer(tmp_path)
    (tmp_path / "tokenizer_config.json").unlink()
    table = np.random.default_rng(0).normal(size=(len(WORDS), 256)).astype(np.float32)
    head = json.dumps(
        {"embeddings": {"dtype": "F32", "shape": table.shape, "data_offsets": [0, table.nbytes]}}
    ).encode()
    (tmp_path / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + table.tobytes())
    static = FastembedEmbedder("minishlab/potion-base-8M", folder=tmp_path, prefixes=Prefixes())
    one, other = await static.embed_documents(["pump pressure", "pressure pump"])
    assert one.shape == (256,)
    assert np.allclose(one, other)


def test_nothing_is_downloaded_unless_that_is_allowed():
    with pytest.raises(EmbeddingModelMissing, match="EMBEDDING__DOWNLOAD=true"):
        embedder(None)
    with pytest.raises(EmbeddingModelMissing, match="EMBEDDING__RERANKER_DIR"):
        FastembedReranker(CROSS_ENCODER, folder=None)


async def test_a_model_that_cannot_be_loaded_says_so(folder, tmp_path):
    save_tokenizer(tmp_path)
    (tmp_path / "model_optimized.onnx").write_bytes(b"no model")
    with pytest.raises(EmbeddingModelMissing, match="cannot be loaded"):
        await embedder(tmp_path).embed_query("pump")


async def test_a_model_that_fastembed_does_not_know_is_refused(folder):
    unknown = FastembedEmbedder("nobody/unknown", folder=folder, prefixes=Prefixes())
    with pytest.raises(EmbeddingModelMissing, match="cannot be loaded"):
        await unknown.embed_query("pump")
