"""Model bundles: the files a trained model consists of, how they are written, checked and run."""
