"""Settings of evaluations."""

from pydantic import Field

from servicekit.settings import Group


class EvaluationSettings(Group):
    """How answers are evaluated."""

    judge: bool = Field(False, description="Let the first strong model judge answers too; it costs a call per answer")
    concurrency: int = Field(1, gt=0, le=64, description="Questions asked at once; more makes timings meaningless")
    max_cases: int = Field(500, gt=0, description="Questions in one evaluation over HTTP")
    mlflow: bool = Field(True, description="Log every evaluation to MLflow too")
