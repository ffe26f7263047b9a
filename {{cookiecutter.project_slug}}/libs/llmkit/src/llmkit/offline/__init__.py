"""A language model that needs no key and no network: it answers from the given passages by extraction, or abstains."""
