"""A network of the size and shape of fastembed's default model, with weights at random.

The real weights have to be downloaded. How long a network computes does not depend on what its weights are, only on
how many there are and how they are connected: this one is what BAAI/bge-small-en-v1.5 is, a BERT of 12 layers, in the
fused operators in which fastembed's own file is published. What it finds is worthless, how long it takes is not.
"""

import json
import random
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from bench.rag.words import Words

MODEL_FILE = "model_optimized.onnx"
FUSED = "com.microsoft"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = 4_000
"""Entries of the tokenizer that are used. So many make as many tokens of a chunk as the project's own estimate says."""
PARAGRAPHS = 4_000
"""That it is trained on."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a BERT is; as it is, BAAI/bge-small-en-v1.5."""

    layers: int = 12
    hidden: int = 384
    heads: int = 12
    inner: int = 1536
    vocabulary: int = 30_522
    longest: int = 512


def write_model(folder: Path, shape: Shape) -> None:
    """Write the files that fastembed reads from a folder, unless they are there."""
    if (folder / "config.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(network(shape), str(folder / MODEL_FILE))
    tokenizer().save(str(folder / "tokenizer.json"))
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    (folder / "special_tokens_map.json").write_text(json.dumps(special))
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": shape.longest, **special}))
    (folder / "config.json").write_text(json.dumps({"pad_token_id": 0}))  # last: all is there


def tokenizer() -> Tokenizer:
    """Return a WordPiece tokenizer for the language of the files that are measured."""
    words = Words(random.Random(3))  # noqa: S311 - the same every time is the purpose
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106 - no secret
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=PIECES, special_tokens=SPECIAL, initial_alphabet=list(string.printable), show_progress=False
    )
    made.train_from_iterator((words.paragraph(10) for _ in range(PARAGRAPHS)), trainer)
    first, last = (made.token_to_id(name) for name in ("[CLS]", "[SEP]"))
    made.post_processor = processors.BertProcessing(("[SEP]", last), ("[CLS]", first))
    return made


def network(shape: Shape) -> onnx.ModelProto:
    """Return the network: token numbers and masks in, the last layer's states out."""
    graph = _Graph(shape)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "length", shape.hidden])
    nodes = list(graph.nodes())
    made = helper.make_graph(nodes, "random-bert", inputs, [output], graph.weights)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(FUSED, 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


class _Graph:
    """Its nodes, and the weights that they have asked for."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._random = np.random.default_rng(0)
        self.weights: list[TensorProto] = []

    def nodes(self) -> Iterator[NodeProto]:
        """Yield all nodes in order."""
        yield from self._embeddings()
        for layer in range(self._shape.layers):
            yield from self._layer(layer, last=layer == self._shape.layers - 1)

    def _embeddings(self) -> Iterator[NodeProto]:
        shape = self._shape
        for name in ("input_ids", "attention_mask", "token_type_ids"):
            yield helper.make_node("Cast", [name], [f"{name}_32"], to=TensorProto.INT32)
        tables = [
            self._weight("words", shape.vocabulary, shape.hidden),
            self._weight("places", shape.longest, shape.hidden),
            self._weight("segments", 2, shape.hidden),
        ]
        inputs = ["input_ids_32", "token_type_ids_32", *tables, *self._norm("embedding"), "attention_mask_32"]
        yield helper.make_node("EmbedLayerNormalization", inputs, ["states_0", "mask"], domain=FUSED)

    def _layer(self, layer: int, *, last: bool) -> Iterator[NodeProto]:
        size, inner = self._shape.hidden, self._shape.inner
        states, mid = f"states_{layer}", f"mid_{layer}"
        end = "last_hidden_state" if last else f"states_{layer + 1}"
        attention = [states, *self._dense(f"qkv_{layer}", size, 3 * size), "attention_mask_32"]
        heads = self._shape.heads
        yield helper.make_node("Attention", attention, [f"seen_{layer}"], domain=FUSED, num_heads=heads)
        weight, bias = self._dense(f"out_{layer}", size, size)
        yield helper.make_node("MatMul", [f"seen_{layer}", weight], [f"told_{layer}"])
        yield self._add(f"told_{layer}", states, bias, mid, f"norm_a_{layer}")
        weight, bias = self._dense(f"up_{layer}", size, inner)
        yield helper.make_node("MatMul", [mid, weight], [f"wide_{layer}"])
        yield helper.make_node("BiasGelu", [f"wide_{layer}", bias], [f"bent_{layer}"], domain=FUSED)
        weight, bias = self._dense(f"down_{layer}", inner, size)
        yield helper.make_node("MatMul", [f"bent_{layer}", weight], [f"narrow_{layer}"])
        yield self._add(f"narrow_{layer}", mid, bias, end, f"norm_b_{layer}")

    def _add(self, new: str, old: str, bias: str, end: str, norm: str) -> NodeProto:
        inputs = [new, old, *self._norm(norm), bias]
        return helper.make_node("SkipLayerNormalization", inputs, [end], domain=FUSED)

    def _dense(self, name: str, rows: int, columns: int) -> tuple[str, str]:
        return self._weight(f"{name}_weight", rows, columns), self._weight(f"{name}_bias", columns)

    def _norm(self, name: str) -> tuple[str, str]:
        ones = np.ones(self._shape.hidden, dtype=np.float32)
        return self._keep(f"{name}_scale", ones), self._weight(f"{name}_shift", self._shape.hidden)

    def _weight(self, name: str, *size: int) -> str:
        return self._keep(name, self._random.normal(0, 0.02, size).astype(np.float32))

    def _keep(self, name: str, values: npt.NDArray[np.float32]) -> str:
        self.weights.append(numpy_helper.from_array(values, name))
        return name
