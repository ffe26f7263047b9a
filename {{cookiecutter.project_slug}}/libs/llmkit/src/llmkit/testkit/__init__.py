"""For honest tests of language-model code: a provider on the wire whose faults are scripted, and null adapters."""
