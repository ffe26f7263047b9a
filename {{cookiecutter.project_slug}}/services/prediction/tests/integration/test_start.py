"""What a process of the API loads: it never trains, so what trains must not cost it memory and time."""

import json
import subprocess
import sys

TRAINS = {"sklearn", "skl2onnx", "onnx", "skops", "matplotlib"}


def test_the_api_loads_no_library_that_trains() -> None:
    code = (
        "import json, sys, prediction.app; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert TRAINS & set(json.loads(done.stdout)) == set()
