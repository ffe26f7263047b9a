"""Commands for API keys, to be added to a service's command line.

keys mint --name NAME --tenant TENANT --scopes orders:read,orders:write [--days 90]
keys list [--tenant TENANT]
keys revoke ID
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import TypeAlias

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from servicekit.auth.authenticator import DEVELOPMENT
from servicekit.auth.keys import UnknownApiKey, mint_key, revoke_key
from servicekit.auth.repository import list_keys
from servicekit.auth.wanted import check_days, check_name, check_scopes, check_tenant, similar
from servicekit.database import Database, utc_now
from servicekit.database.errors import UNREACHABLE
from servicekit.settings import ServiceSettings

Command: TypeAlias = Callable[[AsyncSession, argparse.Namespace], Awaitable[int]]
DEFAULT_TENANT = "default"
UNUSABLE: tuple[type[Exception], ...] = (*UNREACHABLE, DBAPIError)
"""What a database raises that does not answer or has no tables yet."""


def add_key_commands(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]",
    load: Callable[[], ServiceSettings],
    scopes: Collection[str],
) -> None:
    """Add `keys` to a parser; a parsed command is run with `arguments.run(arguments)` and returns the exit code.

    Args:
        subparsers: What the command is added to.
        load: Reads the settings when a command needs them.
        scopes: All scopes that routes of the service ask for; a key with others is refused.
    """
    commands = subparsers.add_parser("keys", help="API keys: mint, list, revoke").add_subparsers(required=True)
    mint = commands.add_parser("mint", help="make a key and print it once")
    mint.add_argument("--name", required=True, help="what the key is for")
    mint.add_argument("--tenant", default=DEFAULT_TENANT, help="whose data it may reach")
    mint.add_argument("--scopes", required=True, help=f"separated by commas: {', '.join(sorted(scopes))}, or * for all")
    mint.set_defaults(known_scopes=frozenset(scopes))
    mint.add_argument("--days", type=int, help="how long it is valid; without it, until it is revoked")
    shown = commands.add_parser("list", help="show the keys, without their secrets")
    shown.add_argument("--tenant")
    revoked = commands.add_parser("revoke", help="end a key")
    revoked.add_argument("id", help="the part between the two underscores")
    for parser, command in ((mint, _mint), (shown, _list), (revoked, _revoke)):
        parser.set_defaults(run=_runner(command, load))


def _runner(command: Command, load: Callable[[], ServiceSettings]) -> Callable[[argparse.Namespace], int]:
    async def run(arguments: argparse.Namespace) -> int:
        database = Database.from_settings(load())
        try:
            async with database.session() as session:
                return await command(session, arguments)
        except UNUSABLE as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())
            sys.stderr.write(f"The database cannot be used ({reason}). Is it there, and migrated (make migrate)?\n")
            return 1
        finally:
            await database.dispose()

    return lambda arguments: asyncio.run(run(arguments))


async def _mint(session: AsyncSession, arguments: argparse.Namespace) -> int:
    scopes = frozenset(arguments.scopes.replace(",", " ").split())
    try:
        _check(arguments, scopes)
        tenants = {key.tenant for key in await list_keys(session, None)} | {DEFAULT_TENANT, DEVELOPMENT.tenant}
        expires_at = utc_now() + timedelta(days=arguments.days) if arguments.days is not None else None
        minted = await mint_key(
            session, name=arguments.name, tenant=arguments.tenant, scopes=scopes, expires_at=expires_at
        )
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{minted.text}\n")
    sys.stderr.write(
        f"Keep it: it is not shown again. Tenant {arguments.tenant}, scopes {', '.join(sorted(scopes))}.\n"
    )
    if arguments.tenant not in tenants and (other := similar(arguments.tenant, tenants)):
        sys.stderr.write(f"This tenant is new. If you meant {other}, revoke the key: keys revoke {minted.row.id}\n")
    return 0


def _check(arguments: argparse.Namespace, scopes: frozenset[str]) -> None:
    check_name(arguments.name)
    check_tenant(arguments.tenant)
    check_scopes(scopes, arguments.known_scopes)
    if arguments.days is not None:
        check_days(arguments.days)


async def _list(session: AsyncSession, arguments: argparse.Namespace) -> int:
    for key in await list_keys(session, arguments.tenant):
        ended = "revoked" if key.revoked_at else f"until {key.expires_at:%Y-%m-%d}" if key.expires_at else "valid"
        used = f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
        sys.stdout.write(f"{key.id}  {key.tenant}  {key.name}  {','.join(key.scopes)}  {ended}  {used}\n")
    return 0


async def _revoke(session: AsyncSession, arguments: argparse.Namespace) -> int:
    try:
        await revoke_key(session, arguments.id)
    except UnknownApiKey:
        sys.stderr.write(f"There is no usable key {arguments.id}.\n")
        return 1
    sys.stdout.write(f"Revoked {arguments.id}.\n")
    return 0
