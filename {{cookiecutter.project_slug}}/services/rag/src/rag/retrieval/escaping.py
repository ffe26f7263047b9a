"""Text of others inside a prompt: it can open and close no tag of ours."""


def escape(text: str) -> str:
    """Escape what could end a tag: `&`, `<` and `>`."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escape_attribute(text: str) -> str:
    """Escape for a quoted attribute: quotes too, and line breaks become spaces."""
    return escape(" ".join(text.split())).replace('"', "&quot;")
