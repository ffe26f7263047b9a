"""What an API key may be allowed: the scopes that the routes ask for, compared with them by a test."""

SCOPES = (
    "jobs:write",
    "prediction:predict",
    "prediction:read",
    "prediction:release",
    "prediction:train",
)
