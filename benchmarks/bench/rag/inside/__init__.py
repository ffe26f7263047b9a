"""Programs that run inside the project's own environment; only they import the service."""
