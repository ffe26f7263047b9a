"""Words and sentences: what the offline model, the hashed embeddings and the lexical reranker know about language."""
