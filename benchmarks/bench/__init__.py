"""Side-by-side measurements of the prediction service and of what one would run instead."""
