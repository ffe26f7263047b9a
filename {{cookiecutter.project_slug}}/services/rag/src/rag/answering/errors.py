"""What an ask is refused with, or fails with."""

from servicekit.problems import Problem, UnprocessableContent


class UnknownModel(UnprocessableContent):
    """The model that was asked for is not one of the service's."""

    code = "unknown_model"


class InvalidSchema(UnprocessableContent):
    """The caller's JSON schema cannot be used."""

    code = "invalid_schema"
    title = "The JSON schema cannot be used"


class PromptLeaked(Problem):
    """The answer repeated the secret mark of our instructions, so it was thrown away."""

    status = 502
    code = "prompt_leaked"
    title = "The answer was withheld"
    hint = "Ask the question without reference to the instructions of the model."
