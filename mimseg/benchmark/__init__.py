"""Speed and memory of training steps, beside other libraries' models in the same run."""

from ..moved import moved_from
from .machine import describe_machine
from .measuring import Settings, measure
from .memory import GPU_SIZES, MARGIN, MemoryCount, batch_that_fits, count_memory, fits_gpu, worst
from .memory_table import memory_as_json, memory_table
from .peers import PEERS
from .report import as_markdown, as_tables
from .selection_cost import SelectionCost, costs_as_json, selection_costs, selection_table

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
    "costs_as_json",
    "count_memory",
    "describe_machine",
    "fits_gpu",
    "measure",
    "memory_as_json",
    "memory_table",
    "selection_costs",
    "selection_table",
    "worst",
]

__getattr__ = moved_from(__name__)
