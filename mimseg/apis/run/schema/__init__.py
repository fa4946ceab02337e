"""What the keys of a config may be: types and ranges, checked before a class sees them."""

from .check import check_data, check_values
from .sections import DATA_KEYS

__all__ = ["DATA_KEYS", "check_data", "check_values"]
