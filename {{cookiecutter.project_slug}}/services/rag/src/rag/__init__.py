"""Document question answering: ingest, retrieve, answer with checked citations, evaluate."""

__version__ = "0.1.0"
