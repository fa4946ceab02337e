"""What an optimizer takes for the arguments that have another form in each: read from their defaults."""

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from ....registry import OPTIMIZERS
from .values import BelowOne, NotNegative


@cache
def optimizer_adapters(name: str) -> Mapping[str, TypeAdapter[Any]]:
    """What ``betas`` and ``eps`` of an optimizer must be: as many ``betas`` as its default has, one ``eps``.

    Arguments with another default, such as Adafactor's two ``eps`` (None in torch's, not in others'), are left to the
    class, and so are all of a class that is not known.
    """
    part = OPTIMIZERS.get(name)
    try:
        parameters = inspect.signature(part).parameters if part is not None else {}
    except (TypeError, ValueError):
        return {}
    defaults = {key: parameter.default for key, parameter in parameters.items()}
    wanted: dict[str, Any] = {}
    if isinstance(defaults.get("betas"), tuple):
        wanted["betas"] = tuple[(BelowOne,) * len(defaults["betas"])]  # type: ignore[misc]
    if isinstance(defaults.get("eps"), float):
        wanted["eps"] = NotNegative
    return {key: TypeAdapter(form) for key, form in wanted.items()}
