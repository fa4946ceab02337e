"""Speed and memory of training steps, beside other libraries' models in the same run."""

from .machine import describe_machine
from .measuring import Settings, measure
from .peers import PEERS
from .report import as_markdown, as_tables

__all__ = ["PEERS", "Settings", "as_markdown", "as_tables", "describe_machine", "measure"]
