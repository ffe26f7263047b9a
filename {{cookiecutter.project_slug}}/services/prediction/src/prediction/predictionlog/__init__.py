"""The prediction log: every answer is kept, without the caller waiting for a database."""
