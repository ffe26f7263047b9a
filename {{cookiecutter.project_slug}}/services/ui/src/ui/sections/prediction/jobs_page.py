"""The jobs of the service."""

from ui.sections.prediction.service import prediction
from ui.widgets.jobs import board
from ui.widgets.states import header


def main() -> None:
    """Show the board of jobs."""
    header("Jobs", "Work that goes on in the background. A job whose worker dies is taken up again by another.")
    board(prediction().jobs, "jobs")
