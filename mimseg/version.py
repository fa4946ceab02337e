"""The version of mimseg, owned here."""

__version__ = "0.1.0"
