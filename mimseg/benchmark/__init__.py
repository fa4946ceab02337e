"""Speed and memory of training steps, beside other libraries' models in the same run."""

from .machine import describe_machine
from .measuring import Settings, measure
from .memory import GPU_SIZES, MARGIN, MemoryCount, batch_that_fits, count_memory, fits, worst
from .peers import PEERS
from .report import as_markdown, as_tables, markdown_table, terminal_table
from .selection_cost import SelectionCost, selection_costs

__all__ = [
    "GPU_SIZES",
    "MARGIN",
    "PEERS",
    "MemoryCount",
    "SelectionCost",
    "Settings",
    "as_markdown",
    "as_tables",
    "batch_that_fits",
    "count_memory",
    "describe_machine",
    "fits",
    "markdown_table",
    "measure",
    "selection_costs",
    "terminal_table",
    "worst",
]
