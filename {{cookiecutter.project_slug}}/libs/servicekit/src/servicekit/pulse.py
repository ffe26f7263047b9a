"""Whether a worker or beat process makes progress, for the health check of its container.

    python -m servicekit.pulse orders worker

A process that hangs is still there, so its being there says nothing. It writes a file as long as it makes progress;
this command fails when the file has become old. It reads one file and needs neither settings nor a connection.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Literal

OLD_SECONDS = 90.0
Role = Literal["worker", "beat"]


class Pulse:
    """The file by which a process says that it makes progress."""

    def __init__(self, service: str, role: Role, folder: Path | None = None) -> None:
        self.path = (folder or Path(tempfile.gettempdir())) / f"{service}-{role}-{os.getuid()}.pulse"

    def beat(self) -> None:
        """Write the present time."""
        self.path.touch()

    def age(self) -> float | None:
        """Return the seconds since the last beat; None when there was none."""
        try:
            return time.time() - self.path.stat().st_mtime
        except FileNotFoundError:
            return None


def main(arguments: list[str]) -> int:
    """Print one line and return the exit code."""
    service, role = arguments
    age = Pulse(service, "beat" if role == "beat" else "worker").age()
    if age is None:
        return _say(f"{role} of {service}: it has not begun to work", 1)
    if age > OLD_SECONDS:
        return _say(f"{role} of {service}: no progress for {age:.0f} seconds", 1)
    return _say(f"{role} of {service}: progress {age:.0f} seconds ago", 0)


def _say(line: str, code: int) -> int:
    sys.stdout.write(line + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
