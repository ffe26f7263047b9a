"""Response headers that make browsers careful with what an API sends."""


def response_headers(*, deployed: bool) -> list[tuple[bytes, bytes]]:
    """The headers of every answer; HTTPS is insisted on only where there is a proxy that speaks it."""
    headers = [
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"cache-control", b"no-store"),
    ]
    if deployed:
        headers.append((b"strict-transport-security", b"max-age=31536000"))
    return headers
