"""Keeping the store of vectors equal to the database: repaired by schedule, rebuilt on request."""
