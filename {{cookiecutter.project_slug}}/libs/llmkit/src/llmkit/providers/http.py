"""The connection pool of a provider."""

import ssl
from functools import cache

import httpx2

NO_KEY = "none"
"""Sent to servers of one's own that need no key; the SDKs insist on one."""


def make_unused_client() -> httpx2.Client:
    """Make a synchronous client that cannot send: SDKs want one, and a real one reads certificates for each model."""
    return httpx2.Client(transport=httpx2.BaseTransport(), trust_env=False)


def make_client(connect_seconds: float, connections: int) -> httpx2.AsyncClient:
    """Make a pool for all calls to a provider. Only connecting is limited here: the rest belongs to the call."""
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(None, connect=connect_seconds),
        limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=30),
        follow_redirects=False,
        verify=_trusted(),
    )


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates of this machine; reading them takes a tenth of a second, so it is done once."""
    return httpx2.create_ssl_context()
