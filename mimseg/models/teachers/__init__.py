"""Teachers: networks without gradient that look at full images."""

from .base import Student, Teacher, build_teachers
from .ema import EMATeacher
from .frozen import FrozenTeacher
from .pretrained import PretrainedTeacher
from .student import StudentTeacher

__all__ = ["EMATeacher", "FrozenTeacher", "PretrainedTeacher", "Student", "StudentTeacher", "Teacher", "build_teachers"]
