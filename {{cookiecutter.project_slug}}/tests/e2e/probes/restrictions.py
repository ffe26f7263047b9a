"""Runs in a container: prints what it could do if somebody broke in."""

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path

try:
    Path("/opt/written").touch()
    writable = True
except OSError:
    writable = False
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
found = {
    "uid": os.getuid(),
    "tools": [tool for tool in ("gcc", "cc", "g++", "make", "pip", "pip3", "uv", "git") if shutil.which(tool)],
    "modules": [name for name in ("pip", "uv", "ensurepip", "hatchling") if importlib.util.find_spec(name)],
    "writable": writable,
    "capabilities": int(status["CapEff"], 16),
}
sys.stdout.write(json.dumps(found))
