"""Files become blocks: see `blocks` for what comes out, `parser` for how."""
