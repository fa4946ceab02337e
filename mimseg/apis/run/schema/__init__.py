"""What the keys of a config may be: types and ranges, checked before a class sees them."""

from .check import check_values

__all__ = ["check_values"]
