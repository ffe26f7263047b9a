"""Vectors of chunks, in Qdrant: embedded (Edge) or a server, behind `ports.VectorIndex`."""
