"""What conversations refuse."""

from servicekit.problems import Conflict, NotFound


class ConversationNotFound(NotFound):
    """The tenant has no such conversation."""

    code = "conversation_not_found"
    hint = "List the conversations with GET /v1/conversations, or ask without a conversation to begin a new one."


class ConversationFull(Conflict):
    """The conversation has as many turns as the settings allow."""

    code = "conversation_full"
    hint = "Ask without a conversation to begin a new one."


class AnswerNotFound(NotFound):
    """The tenant has no such answer in a conversation."""

    code = "answer_not_found"


class ShareNotFound(NotFound):
    """There is no such link, or it was revoked, or it has expired."""

    code = "share_not_found"
