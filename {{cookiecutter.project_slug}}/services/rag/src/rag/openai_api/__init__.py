"""The service as a model in OpenAI's shape, for its client library and for whatever speaks to it."""
