"""What batch scoring refuses."""

from servicekit.problems import Conflict, NotFound


class ScoringNotFound(NotFound):
    """The tenant has no such batch scoring."""

    code = "scoring_not_found"
    hint = "GET /v1/jobs?kind=scoring.run lists the batch scorings there are."


class ResultNotReady(Conflict):
    """The batch scoring has no result: it is not finished, or it failed."""

    code = "result_not_ready"
