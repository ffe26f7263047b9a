"""What a search fails with."""

from servicekit.problems import Unavailable


class SearchUnavailable(Unavailable):
    """The store of vectors does not answer."""

    code = "search_unavailable"
    hint = "Try again in a moment."

    def __init__(self) -> None:
        super().__init__("The search index does not answer.", retry_after=2)
