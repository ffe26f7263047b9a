"""What can go wrong with evaluations."""

from servicekit.problems import NotFound, UnprocessableContent


class EvaluationNotFound(NotFound):
    """The tenant has no such evaluation."""

    code = "evaluation_not_found"
    hint = "List the evaluations with GET /v1/evaluations."


class UnknownSet(UnprocessableContent):
    """There is no set of questions of this name."""

    code = "unknown_question_set"
    hint = "Leave `set` out, or send your own questions as `cases`."


class InvalidCases(UnprocessableContent):
    """The questions cannot be used."""

    code = "invalid_questions"


class JudgeUnavailable(Exception):
    """There is no model that could judge."""
