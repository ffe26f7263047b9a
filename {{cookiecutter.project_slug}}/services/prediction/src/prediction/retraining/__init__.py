"""Retraining: when a model's data or quality leaves its bounds, train it anew on what has been learned since."""
