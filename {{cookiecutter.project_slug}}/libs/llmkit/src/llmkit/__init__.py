"""Language models under control: see `README.md` of this library, then `gateway` and `governed`."""

__version__ = "0.1.0"
