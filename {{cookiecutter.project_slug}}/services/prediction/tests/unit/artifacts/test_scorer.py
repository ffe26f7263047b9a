"""Bundles whose hashes are right and whose content is not."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import skops.io
from onnx import TensorProto, helper
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from prediction.artifacts import bundle
from prediction.artifacts.bundle import BundleRefused
from prediction.artifacts.scorer import Scorer
from prediction.artifacts.trial import try_model

Reseal = Callable[[Path], str]


def refused(folder: Path, sha256: str) -> str:
    with pytest.raises(BundleRefused) as refusal:
        Scorer.open(folder, sha256)
    return refusal.value.code


def graph_of(node: onnx.NodeProto, *, domain: str = "", output: str = "value") -> onnx.ModelProto:
    inputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 8])]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
    opsets = [helper.make_opsetid("", 17), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return helper.make_model(helper.make_graph([node], "g", inputs, outputs), opset_imports=opsets, ir_version=8)


def poisoned(folder: Path, model: onnx.ModelProto | bytes, reseal: Reseal) -> str:
    content = model if isinstance(model, bytes) else model.SerializeToString()
    (folder / bundle.ONNX).write_bytes(content)
    return refused(folder, reseal(folder))


def test_opens_a_good_bundle_and_answers(sealed: tuple[Path, str]) -> None:
    scorer = Scorer.open(*sealed)
    answers = scorer.predict(np.zeros((3, scorer.encoder.width), dtype=np.float32))
    assert (answers.shape, answers.dtype) == ((3,), np.float32)


def test_a_schema_that_cannot_be_read_is_refused(sealed: tuple[Path, str], reseal: Reseal) -> None:
    folder, _ = sealed
    (folder / bundle.SCHEMA).write_text('{"task": "binary"}')
    assert refused(folder, reseal(folder)) == "bad_schema"


def test_a_pickle_in_the_place_of_the_model_is_refused(sealed: tuple[Path, str], reseal: Reseal) -> None:
    folder, _ = sealed
    assert poisoned(folder, b"\x80\x04cposix\nsystem\n", reseal) == "trial_failed"
    (folder / bundle.SKOPS).write_bytes(b"\x80\x04cposix\nsystem\n")
    assert refused(folder, reseal(folder)) == "bad_skops"


def test_an_operator_outside_the_standard_is_refused(sealed: tuple[Path, str], reseal: Reseal) -> None:
    node = helper.make_node("RunCommand", ["features"], ["value"], domain="evil")
    assert poisoned(sealed[0], graph_of(node, domain="evil"), reseal) == "trial_failed"


def test_an_operator_hidden_in_a_branch_is_found(tmp_path: Path) -> None:
    inner = helper.make_graph([helper.make_node("Evil", [], ["out"], domain="evil")], "inner", [], [])
    path = tmp_path / "model.onnx"
    path.write_bytes(
        graph_of(
            helper.make_node("If", ["features"], ["value"], then_branch=inner, else_branch=inner)
        ).SerializeToString()
    )
    with pytest.raises(BundleRefused, match="operator Evil of evil is outside the standard"):
        try_model(path, width=8, outputs=0)


def test_data_outside_the_file_is_refused(sealed: tuple[Path, str], reseal: Reseal) -> None:
    model = graph_of(helper.make_node("Add", ["features", "secret"], ["value"]))
    tensor = TensorProto(name="secret", data_type=TensorProto.FLOAT, dims=[8], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="../../../../etc/passwd")
    model.graph.initializer.append(tensor)
    folder, _ = sealed
    (folder / bundle.ONNX).write_bytes(model.SerializeToString())
    with pytest.raises(BundleRefused, match="keeps its data outside the file"):
        Scorer.open(folder, reseal(folder))


def test_external_data_in_a_constant_is_found(tmp_path: Path) -> None:
    tensor = TensorProto(name="c", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="x")
    path = tmp_path / "model.onnx"
    path.write_bytes(graph_of(helper.make_node("Constant", [], ["value"], value=tensor)).SerializeToString())
    with pytest.raises(BundleRefused, match="outside the file"):
        try_model(path, width=8, outputs=0)


@pytest.mark.parametrize(
    "node",
    [
        helper.make_node("Identity", ["features"], ["value"]),  # shape [n, 8] instead of [n]
        helper.make_node("ReduceMean", ["features"], ["value"], axes=[0, 1], keepdims=0),  # one value for all rows
    ],
)
def test_answers_of_another_shape_are_refused(sealed: tuple[Path, str], reseal: Reseal, node: onnx.NodeProto) -> None:
    assert poisoned(sealed[0], graph_of(node), reseal) == "trial_failed"


def test_answers_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    model = graph_of(helper.make_node("ReduceLogSum", ["features"], ["value"], axes=[1], keepdims=0))  # log(0)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BundleRefused, match="output value has shape"):
        try_model(path, width=8, outputs=0)


def test_another_input_is_refused(tmp_path: Path) -> None:
    model = graph_of(helper.make_node("ReduceSum", ["features"], ["value"], keepdims=0))
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BundleRefused, match="inputs are"):
        try_model(path, width=8, outputs=0)


def test_a_file_that_crashes_its_process_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"")
    crash = tmp_path / "onnx.py"  # stands for a runtime that a crafted file brings down
    crash.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    program = tmp_path / "program.py"
    program.write_text(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import onnx")
    with pytest.raises(BundleRefused) as refusal:
        try_model(path, width=8, outputs=0, program=program)
    assert refusal.value.code == "trial_crashed"


def test_a_file_that_never_finishes_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import time; time.sleep(60)")
    with pytest.raises(BundleRefused) as refusal:
        try_model(tmp_path, width=8, outputs=0, seconds=0.3, program=program)
    assert refusal.value.code == "trial_timeout"


def test_a_skops_file_with_a_foreign_type_is_refused(sealed: tuple[Path, str], reseal: Reseal) -> None:
    folder, _ = sealed
    skops.io.dump(make_pipeline(FunctionTransformer(os.system)), folder / bundle.SKOPS)
    with pytest.raises(BundleRefused, match=r"posix\.system|nt\.system") as refusal:
        Scorer.open(folder, reseal(folder))
    assert refusal.value.code == "untrusted_type"


@pytest.mark.parametrize("member", ["evil.pkl", "../../evil.npy.sh"])
def test_a_skops_file_with_other_files_inside_is_refused(sealed: tuple[Path, str], reseal: Reseal, member: str) -> None:
    folder, _ = sealed
    with zipfile.ZipFile(folder / bundle.SKOPS, "w") as archive:
        archive.writestr("schema.json", json.dumps({}))
        archive.writestr(member, b"x")
    assert refused(folder, reseal(folder)) == "bad_skops"


def test_a_skops_file_that_unpacks_to_too_much_is_refused(sealed: tuple[Path, str], reseal: Reseal) -> None:
    folder, _ = sealed
    with zipfile.ZipFile(folder / bundle.SKOPS, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", json.dumps({}))
        archive.writestr("bomb.npy", bytes(5_000_000))
    with pytest.raises(BundleRefused) as refusal:
        Scorer.open(folder, reseal(folder), limit_bytes=1_000_000)
    assert refusal.value.code == "too_large"
