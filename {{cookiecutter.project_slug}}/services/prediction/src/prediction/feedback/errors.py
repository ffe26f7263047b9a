"""What feedback refuses."""

from servicekit.problems import PayloadTooLarge, UnprocessableContent


class InvalidLabels(UnprocessableContent):
    """Some labels cannot be true of their predictions; nothing of the request was kept."""

    code = "invalid_labels"
    title = "Labels do not fit the predictions"


class TooManyLabels(PayloadTooLarge):
    """There are more labels in one request than the settings allow."""

    code = "too_many_labels"
    title = "Too many labels"
