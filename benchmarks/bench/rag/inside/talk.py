"""The other side of `bench.rag.worker`: requests in, answers out, one line of JSON each."""

import json
import sys
from collections.abc import Callable
from typing import Any


def serve(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer every request until there are no more."""
    for line in sys.stdin:
        say(answer(json.loads(line)))


def say(message: dict[str, Any]) -> None:
    """Send one answer."""
    print(json.dumps(message), flush=True)
