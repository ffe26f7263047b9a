"""What can be wrong with prompts."""

from servicekit.problems import NotFound


class PromptError(ValueError):
    """A prompt file, or a setting about prompts, is not right; the message names it."""


class PromptNotFound(NotFound):
    """There is no prompt of this name, or no such version of it."""

    code = "prompt_not_found"
    hint = "List the prompts with GET /v1/prompts."
