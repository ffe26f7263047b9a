"""Documents: taken in, cut up, indexed, replaced and deleted."""
