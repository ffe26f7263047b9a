"""Blocks become chunks, the pieces that are searched: see `chunks` for what comes out, `chunker` for how."""
