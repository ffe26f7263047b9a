import random
from pathlib import Path

import numpy as np
import onnx
import pytest
from fastembed import TextEmbedding
from tokenizers import Tokenizer

from bench.rag import network
from bench.rag.network import Shape, write_model
from bench.rag.words import Words

SMALL = Shape(layers=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_model(folder, SMALL)
    return folder


def test_fastembed_takes_it_for_its_default_model(folder: Path) -> None:
    made = TextEmbedding("BAAI/bge-small-en-v1.5", specific_model_path=str(folder), local_files_only=True, threads=1)
    texts = ["The pump stops.", "The pump stops.", "Another sentence, which is much longer than the first one."]
    found = np.array(list(made.embed(texts)))
    assert found.shape == (3, 384)
    assert np.isfinite(found).all()
    assert np.allclose(found[0], found[1], atol=1e-4)  # whatever it is padded with
    assert not np.allclose(found[0], found[2], atol=1e-3)


def test_the_full_one_has_as_many_weights_as_the_real_one() -> None:
    """BAAI/bge-small-en-v1.5 has 33.4 million parameters, 0.15 of them in a pooler that fastembed does not use."""
    count = sum(int(np.prod(weights.dims)) for weights in network.network(Shape()).graph.initializer)
    assert 33.1e6 < count < 33.4e6


def test_text_is_cut_into_about_as_many_tokens_as_english(folder: Path) -> None:
    text = Words(random.Random(9)).paragraph(20)
    tokens = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text)
    assert 1.2 < len(tokens.ids) / len(text.split()) < 1.7
    assert "[UNK]" not in tokens.tokens


def test_files_that_are_there_are_kept(folder: Path) -> None:
    before = (folder / network.MODEL_FILE).stat().st_mtime_ns
    write_model(folder, SMALL)
    assert (folder / network.MODEL_FILE).stat().st_mtime_ns == before
    assert onnx.load(str(folder / network.MODEL_FILE)).ir_version == 9
