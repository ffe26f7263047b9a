"""The model registry and the release of its versions."""
