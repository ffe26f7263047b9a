"""What goes into a model and comes out of it, checked."""
