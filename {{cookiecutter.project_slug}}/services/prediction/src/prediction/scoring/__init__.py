"""Batch scoring: a file goes in, a job adds the predictions to each of its rows, the same kind of file comes out."""
