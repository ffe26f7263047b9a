"""What the figures were measured on."""

import os
import platform
from collections.abc import Iterable
from pathlib import Path


def describe() -> dict[str, str]:
    """Return processor, cores, memory and system, as far as the system tells."""
    return {
        "processor": field(_lines("/proc/cpuinfo"), "model name") or platform.processor() or "unknown",
        "cores": str(os.cpu_count()),
        "memory": memory(field(_lines("/proc/meminfo"), "MemTotal")),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def field(lines: Iterable[str], name: str) -> str:
    """Return the value of the first `name : value` line, or an empty text."""
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def memory(kilobytes: str) -> str:
    """Turn the kernel's `12345 kB` into GB."""
    return f"{int(kilobytes.split()[0]) / 1024**2:.0f} GB" if kilobytes else "unknown"


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []
