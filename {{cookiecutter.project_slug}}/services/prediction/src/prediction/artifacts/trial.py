"""A trial run of an ONNX file in a process of its own, so that a file that crashes the runtime crashes nothing else.

The lower half of this module is the program of that process: it is run by path and imports nothing of the service.
"""

import subprocess
import sys
from pathlib import Path

TRIAL_SECONDS = 60
TRIAL_MEMORY_BYTES = 4 * 1024**3
STANDARD_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")


def try_model(
    path: Path, *, width: int, outputs: int, seconds: float = TRIAL_SECONDS, program: Path = Path(__file__)
) -> None:
    """Load and run an ONNX file in a child process; raise `BundleRefused` when it does anything but answer well.

    Args:
        path: The ONNX file.
        width: Number of input columns that the schema asks for.
        outputs: Number of classes; 0 for regression.
        seconds: Wall clock limit.
        program: What the child process runs.
    """
    from prediction.artifacts.bundle import BundleRefused

    command = [sys.executable, "-I", str(program), str(path), str(width), str(outputs)]
    try:
        child = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, env={})  # noqa: S603 - our own file
    except subprocess.TimeoutExpired:
        raise BundleRefused("trial_timeout", f"{path.name} did not load and run within {seconds:g} seconds") from None
    if child.returncode < 0:
        raise BundleRefused("trial_crashed", f"{path.name} ended its process with signal {-child.returncode}")
    if child.returncode > 0:
        reason = child.stderr.strip().splitlines()[-1:] or ["no message"]
        raise BundleRefused("trial_failed", f"{path.name} cannot be used: {reason[0][:300]}")


def _main(path: str, width: int, outputs: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (TRIAL_MEMORY_BYTES, TRIAL_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (TRIAL_SECONDS, TRIAL_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import onnx

    model = onnx.load(path, load_external_data=False)
    _check_domains(model)
    _check_graph(model.graph)
    _run(path, width, outputs)


def _check_domains(model) -> None:  # type: ignore[no-untyped-def]  # onnx is imported only in the child
    domains = {entry.domain for entry in model.opset_import}
    if not domains <= set(STANDARD_DOMAINS) or model.functions:
        raise ValueError(f"operators outside the standard: {sorted(domains)}")


def _check_graph(graph) -> None:  # type: ignore[no-untyped-def]  # as above
    for node in graph.node:
        if node.domain not in STANDARD_DOMAINS:
            raise ValueError(f"operator {node.op_type} of {node.domain} is outside the standard")
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                _check_graph(inner)
            for tensor in (attribute.t, *attribute.tensors):
                _check_tensor(tensor)
    for tensor in graph.initializer:
        _check_tensor(tensor)


def _check_tensor(tensor) -> None:  # type: ignore[no-untyped-def]  # as above
    if tensor.data_location == tensor.EXTERNAL or tensor.external_data:
        raise ValueError(f"tensor {tensor.name} keeps its data outside the file")


def _run(path: str, width: int, outputs: int) -> None:
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = "probabilities" if outputs else "value"
    inputs = [(entry.name, entry.type) for entry in session.get_inputs()]
    if inputs != [("features", "tensor(float)")]:
        raise ValueError(f"inputs are {inputs}")
    for rows in (1, 2):
        (answer,) = session.run([name], {"features": np.zeros((rows, width), dtype=np.float32)})
        expected = (rows, outputs) if outputs else (rows,)
        if answer.shape != expected or answer.dtype != np.float32 or not np.isfinite(answer).all():
            raise ValueError(
                f"output {name} has shape {answer.shape} of {answer.dtype}, expected {expected} of float32"
            )


if __name__ == "__main__":
    try:
        _main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    except Exception as error:
        sys.stderr.write(f"{type(error).__name__}: {' '.join(str(error).split())}\n")
        raise SystemExit(1) from None
