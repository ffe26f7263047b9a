"""Embeddings and rerankers behind ports: see `ports`."""
