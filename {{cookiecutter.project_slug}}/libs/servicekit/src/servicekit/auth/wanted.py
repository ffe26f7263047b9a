"""What somebody wants of a new key, checked before it is made: each refusal is one sentence that says what would do."""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from servicekit.auth.principal import ALL_SCOPES

LONGEST = 128
"""Characters of a name or a tenant, as the table has room for."""
LONGEST_DAYS = 36_500
TENANT_FORM = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:@|-]{{0,{LONGEST - 1}}}")
LIKE = 0.7
"""From this likeness on a name is suggested instead of another."""


class WantedWrongly(ValueError):
    """A key like this is not made; the text says why and what would do."""


def check_scopes(scopes: Collection[str], known: Collection[str]) -> None:
    """Refuse a scope that no route asks for; `*` is all of them."""
    unknown = sorted(set(scopes) - set(known) - {ALL_SCOPES})
    if unknown:
        raise WantedWrongly(
            f"This service knows no scope {_quoted(unknown)}{_instead(unknown, known)} "
            f"There is {', '.join(sorted(known))}, and {ALL_SCOPES} for all."
        )


def check_tenant(tenant: str) -> None:
    """Refuse a tenant whose name would be mistyped sooner or later, or does not fit."""
    if TENANT_FORM.fullmatch(tenant):
        return
    suggestion = re.sub(r"[^A-Za-z0-9._:@|-]+", "-", tenant).strip("._:@|-")[:LONGEST]
    raise WantedWrongly(
        f"The tenant {tenant[:LONGEST]!r} is no name for one"
        f"{f'; did you mean {suggestion}?' if suggestion else '.'} "
        f"Allowed are 1 to {LONGEST} letters (a to z), digits and . _ - : @ |, beginning with a letter or a digit."
    )


def check_name(name: str) -> None:
    """Refuse a name that does not fit on a line of a list."""
    if not 0 < len(name) <= LONGEST or not name.isprintable() or name != name.strip():
        raise WantedWrongly(
            f"A key's name says what it is for, in 1 to {LONGEST} characters on one line, without blanks at its ends."
        )


def check_days(days: int) -> None:
    """Refuse a key that would never be valid, or for longer than anybody can say."""
    if not 1 <= days <= LONGEST_DAYS:
        raise WantedWrongly(f"A key is valid for 1 to {LONGEST_DAYS:,} days; without --days until it is revoked.")


def similar(name: str, others: Iterable[str]) -> str | None:
    """Return the one of the others that may have been meant."""
    found = get_close_matches(name.lower(), [other for other in others if other != name], n=1, cutoff=LIKE)
    return found[0] if found else None


def _quoted(names: Iterable[str]) -> str:
    return " and no ".join(repr(name) for name in names)


def _instead(unknown: Iterable[str], known: Collection[str]) -> str:
    meant = dict.fromkeys(found for name in unknown if (found := similar(name, known)))
    return f"; did you mean {' and '.join(meant)}?" if meant else "."
