"""The live demonstration: a model's whole life, told over HTTP against a running service."""
