"""The version of this package: `pyproject.toml`, `clash --version` and `clash.__version__` read it here."""

__version__ = "0.1.0"
