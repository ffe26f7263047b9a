"""Refuses connections that leave this machine, so that no test depends on a network by accident."""

import ipaddress
import socket
from collections.abc import Callable
from typing import TypeAlias

Address: TypeAlias = tuple[str, int] | tuple[str, int, int, int] | str | bytes


class NetworkBlocked(RuntimeError):
    """A test has tried to reach another machine."""


def is_local(host: str | bytes | None) -> bool:
    """Whether a host name or address certainly means this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False


def block() -> None:
    """Guard connecting and name resolution in this process."""
    for name in ("connect", "connect_ex"):
        setattr(socket.socket, name, _guard(getattr(socket.socket, name)))
    setattr(socket, "getaddrinfo", _guard_lookup(socket.getaddrinfo))  # noqa: B010 - mypy refuses an assignment


def _guard(connect: Callable[..., object]) -> Callable[..., object]:
    def guarded(sock: socket.socket, address: Address) -> object:
        if sock.family in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0]):  # type: ignore[arg-type]  # a tuple
            raise NetworkBlocked(f"tests may not connect to {address!r}; only to this machine")
        return connect(sock, address)

    return guarded


def _guard_lookup(lookup: Callable[..., object]) -> Callable[..., object]:
    def guarded(host: str | bytes | None, *args: object, **kwargs: object) -> object:
        if not is_local(host) and not _is_address(host):
            raise NetworkBlocked(f"tests may not look up {host!r}; only this machine")
        return lookup(host, *args, **kwargs)

    return guarded


def _is_address(host: str | bytes | None) -> bool:
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True
