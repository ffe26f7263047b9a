"""What makes tests of services short and fast. See `plugin` for the fixtures."""
