"""The pages of this project for people. It talks HTTP to the services and imports none of them."""

__version__ = "0.1.0"
