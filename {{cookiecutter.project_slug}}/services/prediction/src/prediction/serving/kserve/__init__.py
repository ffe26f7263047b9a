"""The Open Inference Protocol (KServe V2) beside the plain routes: same models, same checks, same numbers."""
