import asyncio

import pytest

from servicekit.database import Database

STARTING = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"


async def test_a_server_that_is_starting_counts_as_away() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(4), "big")
        message = await reader.readexactly(size - 4)
        if message == b"\x04\xd2\x16\x2f":  # may we use TLS?
            writer.write(b"N")
            await refuse(reader, writer)
        else:
            writer.write(b"E" + (len(STARTING) + 4).to_bytes(4, "big") + STARTING)
            await writer.drain()
            writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        database = Database(f"postgresql+asyncpg://user:secret@127.0.0.1:{port}/name")
        with pytest.raises(ConnectionRefusedError, match="starting up"):
            await database.ping()
        await database.dispose()
