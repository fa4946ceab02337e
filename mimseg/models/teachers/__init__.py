"""Teachers: networks without gradient that look at full images."""

from .base import Student, Teacher
from .ema import EMATeacher
from .frozen import FrozenTeacher

__all__ = ["EMATeacher", "FrozenTeacher", "Student", "Teacher"]
