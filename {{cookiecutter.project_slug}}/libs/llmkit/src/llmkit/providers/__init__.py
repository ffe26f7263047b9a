"""Providers of language models: the protocols they speak and the faults they have."""
