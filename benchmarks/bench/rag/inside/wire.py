"""A provider on the wire that streams a given answer at a fixed rate: `wire.py PAUSE_SECONDS WORD…`."""

import asyncio
import sys

from bench.rag.inside.talk import say
from llmkit.testkit.replies import Reply
from llmkit.testkit.wire import Wire


async def main(pause: float, words: tuple[str, ...]) -> None:
    """Say where it listens, and answer until this process is ended."""
    async with Wire() as wire:
        wire.script(Reply(words=words, pause=pause))
        say({"url": wire.url("openai")})
        while True:
            await asyncio.sleep(60)
            wire.requests.clear()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), tuple(sys.argv[2:])))
