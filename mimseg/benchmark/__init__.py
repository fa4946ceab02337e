"""Speed and memory of training steps, beside other libraries' models in the same run."""

from .machine import describe_machine
from .measuring import Settings, measure
from .peers import PEERS
from .report import as_markdown, as_tables, markdown_table, terminal_table
from .selection import SelectionCost, selection_costs

__all__ = [
    "PEERS",
    "SelectionCost",
    "Settings",
    "as_markdown",
    "as_tables",
    "describe_machine",
    "markdown_table",
    "measure",
    "selection_costs",
    "terminal_table",
]
