"""A fresh interpreter, to see what an import brings along."""

import subprocess
import sys

import pytest


@pytest.fixture
def run_python():
    """Run a script in a new process and return what it prints."""

    def run(script):
        return subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()

    return run
