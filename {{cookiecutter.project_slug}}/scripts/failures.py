"""Say why the containers did not start: the last words of each that has ended badly or is not healthy.

The arguments are the command that runs Compose.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

LINES = 5
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
"""Colours, and what Compose writes to terminals before some lines, even where there is none."""


def failed(compose: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name of each service that failed, and how."""
    for line in output(*compose, "ps", "--all", "--format", "json").splitlines():
        found: Any = json.loads(line)
        for container in found if isinstance(found, list) else [found]:  # a list in older versions of Compose
            if container["ExitCode"]:
                yield container["Service"], f"ended with {container['ExitCode']}"
            elif container["Health"] == "unhealthy":
                yield container["Service"], "is not healthy"


def output(*command: str) -> str:
    """Return what a command prints; nothing of one that fails, because another failure is being told already."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the project's own
    return "" if done.returncode else done.stdout


def main() -> None:
    """Tell it on standard error."""
    compose = sys.argv[1:]
    for service, how in failed(compose):
        last = output(*compose, "logs", "--no-log-prefix", "--tail", str(LINES), service)
        sys.stderr.write(f"\n{service} {how}. Its last lines:\n{CONTROL.sub('', last)}")


if __name__ == "__main__":
    main()
