"""What an API key may be allowed: the scopes that the routes ask for, compared with them by a test."""

SCOPES = (
    "index:write",
    "jobs:write",
    "prompts:read",
    "prompts:write",
    "rag:ask",
    "rag:evaluate",
    "rag:read",
    "rag:write",
    "usage:read",
    "usage:write",
)
