"""What serving refuses, and why."""

from collections.abc import Sequence

from servicekit.problems import Conflict, FieldError, NotFound, Unavailable, UnprocessableContent


class NoChampion(Conflict):
    """The model exists, and none of its versions answers requests."""

    code = "no_champion"
    title = "No version answers requests"

    def __init__(self, model: str) -> None:
        super().__init__(
            f"Model {model!r} has no champion.",
            hint=f"Give the role to a version with POST /v1/models/{model}/promote.",
        )


class VersionNotServed(NotFound):
    """The version exists or not: it has no role, so it answers nothing."""

    code = "version_not_served"
    title = "Version not served"

    def __init__(self, model: str, version: str, served: Sequence[str]) -> None:
        super().__init__(
            f"Version {version!r} of model {model!r} is not served.",
            hint=f"Served are: {', '.join(served)}. Versions with a role answer, others do not.",
        )


class ModelUnavailable(Unavailable):
    """The champion cannot be loaded, and no earlier version is at hand."""

    code = "model_unavailable"
    title = "The model cannot be loaded"

    def __init__(self, model: str, reason: str) -> None:
        super().__init__(f"Model {model!r} cannot be loaded: {reason}", retry_after=5)


class InvalidRows(UnprocessableContent):
    """The body is JSON, but not what the model takes."""

    code = "invalid_request"
    title = "Invalid request"

    def __init__(self, errors: Sequence[FieldError], model: str) -> None:
        super().__init__(
            "The request does not fit the model; `errors` names each row and field.",
            errors=errors,
            hint=f"GET /v1/models/{model}/schema shows what it takes.",
        )


class Unscorable(UnprocessableContent):
    """The model's answer to a row is not a finite number."""

    code = "unscorable"
    title = "No finite answer"

    def __init__(self, row: int) -> None:
        super().__init__(
            "The model has no finite answer to a row.",
            errors=[FieldError(f"rows[{row}]", "is too extreme for the model", pointer=f"#/rows/{row}")],
        )
