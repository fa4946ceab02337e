"""Kinds of values, strict: no text for a number, no number for a word, no NaN."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AllowInfNan, BaseModel, BeforeValidator, ConfigDict, Field, Strict

Flag = Annotated[bool, Strict()]
Text = Annotated[str, Strict(), Field(min_length=1, pattern=r"\S")]
Whole = Annotated[int, Strict(), Field(ge=0)]
Count = Annotated[int, Strict(), Field(ge=1)]
Number = Annotated[float, Strict(), AllowInfNan(False)]
NotNegative = Annotated[float, Strict(), AllowInfNan(False), Field(ge=0)]
Positive = Annotated[float, Strict(), AllowInfNan(False), Field(gt=0)]
Share = Annotated[float, Strict(), AllowInfNan(False), Field(ge=0, le=1)]
BelowOne = Annotated[float, Strict(), AllowInfNan(False), Field(ge=0, lt=1)]
Workers = Annotated[int, Strict(), Field(ge=0, le=1024)]  # of one loader; a million would end the machine
Pixels = Annotated[int, Strict(), Field(ge=1, le=65536)]
Seed = Annotated[int, Strict(), Field(ge=0, lt=2**32)]  # what NumPy takes
Interval = Annotated[int, Strict(), Field(ge=-1)]  # of a hook of MMEngine's; -1 is never


def _no_flag(value: Any) -> Any:
    return str(value) if isinstance(value, bool) else value  # True is no size, though Python counts it as 1


Size = Annotated[Pixels | tuple[Pixels, Pixels], BeforeValidator(_no_flag)]
Part = Mapping[str, Any]
Parts = list[Any] | Part
LogLevel = Literal["CRITICAL", "FATAL", "ERROR", "WARNING", "WARN", "INFO", "DEBUG", "NOTSET"] | Whole  # as logging's


class Section(BaseModel):
    """A dict of a config: the keys that are named here are checked, others are let through."""

    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True)


class ClosedSection(Section):
    """A dict whose reader takes no other keys, or passes over them: others are refused.

    Not where ``type`` names another class than the section's own, which has keys of its own.
    """
