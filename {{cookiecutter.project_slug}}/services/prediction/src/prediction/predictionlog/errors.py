"""What the prediction log refuses."""

from servicekit.problems import Unavailable


class LogFull(Unavailable):
    """There is no room to record a prediction, and the settings say that nothing is answered unrecorded."""

    code = "prediction_log_full"
    title = "The prediction log is full"
