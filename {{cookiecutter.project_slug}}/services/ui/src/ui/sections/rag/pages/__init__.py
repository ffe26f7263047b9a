"""The scripts of these pages."""
