"""Tables that models are trained on: upload, reading without knowing the format, and what their columns contain."""
