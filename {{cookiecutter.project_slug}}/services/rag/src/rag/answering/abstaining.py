"""Saying that one does not know."""

PREFIX = "I do not know"
NOTHING_FOUND = f"{PREFIX}: the documents hold nothing about this."
KEPT_AWAY = f"{PREFIX}: what was found in the documents was kept away, because it gives orders to the model."
UNSUPPORTED = f"{PREFIX}: the passages that were found do not support an answer."


def abstains(text: str) -> bool:
    """Whether an answer says that there is none."""
    return text.lstrip().casefold().startswith((PREFIX.casefold(), "i don't know", "i don’t know"))  # noqa: RUF001 - an apostrophe
