"""The live demonstration: documents read, questions answered, sources shown, over HTTP."""
