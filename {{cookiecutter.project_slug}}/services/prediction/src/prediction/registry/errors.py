"""What can go wrong with models, versions and releases."""

from servicekit.problems import Conflict, NotFound, Unavailable


class ModelNotFound(NotFound):
    """The tenant has no such model or version."""

    code = "model_not_found"


class RegistryUnavailable(Unavailable):
    """The model registry cannot be reached; models that are loaded go on serving."""

    code = "registry_unavailable"


class GateFailed(Conflict):
    """The challenger is not better than the champion on the same held-out rows."""

    code = "gate_failed"


class NothingToRelease(Conflict):
    """There is no version in the role that the action needs."""

    code = "nothing_to_release"


class ReleaseInProgress(Conflict):
    """Another promotion or rollback of this model is under way."""

    code = "release_in_progress"
