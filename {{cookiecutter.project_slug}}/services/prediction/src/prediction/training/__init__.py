"""Training: from a table to a checked, explained and registered model version."""
