"""Pages of the service that trains and serves models of tables."""

from ui.section import PageSpec, Section

SECTION = Section(
    name="prediction",
    title="Models",
    rank=2,
    default_url="http://127.0.0.1:8001",
    pages=(
        PageSpec(
            name="try_model",
            title="Try a model",
            icon=":material/play_circle:",
            purpose="Fill in one row; see the answer, how sure it is, and why.",
        ),
        PageSpec(
            name="versions",
            title="Versions",
            icon=":material/history:",
            purpose="Metrics and plots of every version; promote one, or roll back.",
        ),
        PageSpec(
            name="drift",
            title="Drift",
            icon=":material/monitoring:",
            purpose="Whether today's rows still look like the training data, and how good recent answers were.",
        ),
        PageSpec(
            name="jobs",
            title="Jobs",
            icon=":material/work_history:",
            purpose="Trainings, scorings and checks, while they run and afterwards.",
        ),
    ),
)
