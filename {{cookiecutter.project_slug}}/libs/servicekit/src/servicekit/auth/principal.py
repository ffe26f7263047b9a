"""Who is calling."""

from dataclasses import dataclass

ALL_SCOPES = "*"


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller: it acts for one tenant, within its scopes."""

    tenant: str
    subject: str
    """What acts: the id of an API key, or the subject of a token."""
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether the caller holds a scope."""
        return scope in self.scopes or ALL_SCOPES in self.scopes
