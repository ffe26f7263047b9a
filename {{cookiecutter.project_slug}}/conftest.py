"""The test kit, for all tests of the repository.

Named here and not in `addopts`: a plugin of the command line is imported before coverage begins to measure.
"""

pytest_plugins = ["servicekit.testkit.plugin"]
