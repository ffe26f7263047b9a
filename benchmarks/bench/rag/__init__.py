"""Measures the rag service beside what one would build instead."""
