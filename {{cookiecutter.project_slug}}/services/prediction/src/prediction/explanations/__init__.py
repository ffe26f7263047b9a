"""Why a model answered what it answered, one row at a time."""
