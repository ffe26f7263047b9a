"""What turned out to be true: labels that arrive after predictions, and how good the predictions were."""
