"""What can be wrong with a file of data."""

from servicekit.problems import NotFound, UnprocessableContent


class DatasetRefused(UnprocessableContent):
    """The file cannot be used; `code` says why in a stable word, `detail` in a sentence, `hint` what to do."""

    code = "dataset_refused"

    def __init__(self, code: str, detail: str, hint: str) -> None:
        super().__init__(detail, hint=hint)
        self.code = code


class DatasetNotFound(NotFound):
    """The tenant has no such data set."""

    code = "dataset_not_found"
