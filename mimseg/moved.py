"""Names that moved: an import by the old one still works, and a warning says in one line where it is now."""

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

MODULES = {
    "apis.building": "apis.run.building",
    "apis.config": "apis.run.config",
    "apis.config_files": "apis.run.config_files",
    "apis.data": "apis.run.data",
    "apis.dense": "apis.run.transfer",
    "apis.environment_errors": "apis.run.environment_errors",
    "apis.errors": "apis.run.errors",
    "apis.export": "apis.inference.export",
    "apis.features": "apis.inference.features",
    "apis.grid_search": "apis.studies.grid_search",
    "apis.head_selection": "apis.studies.attention_head",
    "apis.loaders": "apis.run.loaders",
    "apis.options": "apis.run.options",
    "apis.outputs": "places",
    "apis.parameters": "apis.studies.parameters",
    "apis.position_transfer": "apis.studies.position_transfer",
    "apis.ratio_sweep": "apis.studies.ratio_sweep",
    "apis.reproduction": "apis.studies.reproduction",
    "apis.resuming": "apis.run.resuming",
    "apis.schema": "apis.run.schema",
    "apis.stage": "apis.studies.trial",
    "apis.strategies": "apis.inference.strategies",
    "apis.target_pictures": "apis.inference.targets",
    "apis.target_similarity": "apis.studies.target_similarity",
    "apis.test": "apis.run.test",
    "apis.train": "apis.run.train",
    "apis.work_folder": "apis.run.work_folder",
    "benchmark.selection": "benchmark.selection_cost",
    "datasets.object_masks": "apis.studies.object_masks",
    "datasets.reduced": "datasets.jpeg_crop",
    "evaluation.comparison": "apis.studies.comparison",
    "evaluation.head_selection": "apis.studies.attention_head",
    "evaluation.knn_protocol": "evaluation.knn",
    "evaluation.paper_tables": "apis.studies.paper_tables",
    "evaluation.run_cost": "apis.studies.run_cost",
    "evaluation.run_origin": "apis.studies.run_origin",
    "evaluation.run_record": "apis.studies.run_record",
    "evaluation.similarity": "apis.studies.target_similarity",
    "evaluation.stored_config": "apis.studies.stored_config",
    "models.backbones.attending": "models.backbones.attention_maps",
    "models.backbones.blocks": "models.backbones.vit_blocks",
    "models.backbones.dense": "models.backbones.dense_encoder",
    "models.backbones.dense_backbone": "models.backbones.any_backbone",
    "models.backbones.swin": "models.backbones.dense_swin",
    "models.backbones.vit": "models.backbones.sparse_vit",
    "models.backbones.windows": "models.backbones.swin_blocks",
    "models.dense": "models.transfer",
    "models.init": "models.backbones.init",
    "models.masking.attention_guided": "models.masking.policies",
    "models.masking.block": "models.masking.policies.block",
    "models.masking.soft_to_hard": "models.masking.policies.soft_to_hard",
    "models.masking.uniform": "models.masking.policies.uniform",
    "models.positions": "models.backbones.positions",
    "models.reconstruction": "models.inspection",
    "models.scoring": "models.image_scores",
    "selection.random_subset": "selection.selectors",
    "selection.ranking": "selection.scoring_pass",
    "selection.scorers": "selection.selectors",
    "selection.view": "selection.scoring_view",
    "visualization.grid_map": "visualization.grid_search",
    "visualization.ratio_curves": "visualization.robustness",
    "visualization.similarity_curves": "visualization.target_similarity",
}
"""Modules and packages, without ``mimseg.``; what is in a package moved with it."""

OUT_OF_PACKAGES = {
    ("datasets", "apis.studies"): "ObjectImage coco_objects drawn_objects patch_coverage",
    ("evaluation", "apis.studies"): (
        "Cost Experiment Origin RunRecord as_json cost_of data_name group_runs length_of metric_rows numbers "
        "pick_metrics read_run remarks run_folders statistics_of summarise"
    ),
    ("evaluation", "apis.studies.attention_head"): "choose_head recall_by_head",
    ("evaluation", "apis.studies.robustness"): "global_pimr pimr",
    ("engine", "apis.run.expand"): "expand_schedule",
    ("evaluation", "engine.undisturbed"): "undisturbed",
}
NAMES = {
    "apis.TARGETS": "apis.FORMATS",
    "apis.import_task": "apis.import_library",
    "apis.is_dense": "apis.is_transfer",
    "benchmark.fits": "benchmark.fits_gpu",
    "visualization.draw_heat_map": "visualization.draw_attention_heads",
    "visualization.draw_ratio_curves": "visualization.draw_robustness",
    "visualization.draw_similarity": "visualization.draw_target_similarity",
    **{f"{old}.{name}": f"{new}.{name}" for (old, new), names in OUT_OF_PACKAGES.items() for name in names.split()},
}
"""Functions and classes, without ``mimseg.``, that were to be had from a package."""


FUNCTIONS = {
    "apis.convert": "from mimseg.apis import convert",
    "evaluation.pimr": "from mimseg.apis.studies.robustness import pimr",
}
"""Modules whose name is a function's now, and how that is imported."""


class MovedModules(MetaPathFinder, Loader):
    """Finds a module that moved by its old name."""

    def __init__(self) -> None:
        self._specs: dict[str, ModuleSpec | None] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a name is one of ours of earlier versions.

        Raises:
            ImportError: it is a function's now.
        """
        package, _, name = fullname.partition(".")
        function = FUNCTIONS.get(name) if package == "mimseg" else None
        if function is not None:
            raise ImportError(f"{fullname} is gone: {function}")
        return None if _new_module(fullname) is None else ModuleSpec(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Give the module itself, which then has two names."""
        new = _new_module(spec.name) or spec.name
        warnings.warn(f"{spec.name} is now {new}", FutureWarning, stacklevel=2)
        module = import_module(new)
        self._specs[module.__name__] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Let the module keep its own specification: it has been executed already."""
        module.__spec__ = self._specs.pop(module.__name__)


def find_moved_modules() -> None:
    """Let Python's import system know the old names, before it looks into the folders of packages that moved."""
    if not any(isinstance(finder, MovedModules) for finder in sys.meta_path):
        sys.meta_path.insert(0, MovedModules())


def moved_from(package: str) -> Callable[[str], Any]:
    """A ``__getattr__`` for a package, which finds what moved out of it.

    Args:
        package: its ``__name__``.
    """

    def find(name: str) -> Any:
        new = NAMES.get(f"{package.removeprefix('mimseg.')}.{name}")
        if new is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, attribute = new.rpartition(".")
        warnings.warn(f"{package}.{name} is now mimseg.{new}", FutureWarning, stacklevel=2)
        return getattr(import_module(f"mimseg.{module}"), attribute)

    return find


def attach_moved_methods(cls: type, **functions: Callable[..., Any]) -> None:
    """Let what were methods of a class still be called as such, with a warning that names the function.

    Args:
        cls: the class.
        functions: what takes an object of it first, by the old name of the method.
    """
    for name, function in functions.items():
        setattr(cls, name, _as_method(f"{cls.__name__}.{name}", function))


def attach_moved_property(cls: type, name: str, function: Callable[[Any], Any]) -> None:
    """As :func:`attach_moved_methods`, of what was a property."""
    setattr(cls, name, property(_as_method(f"{cls.__name__}.{name}", function)))


def _as_method(old: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        new = f"{function.__module__}.{function.__qualname__}(model, ...)"
        warnings.warn(f"{old} is now {new}", FutureWarning, stacklevel=2)
        return function(self, *args, **kwargs)

    return method


def refuse_old_names(cls: type, names: Mapping[str, str]) -> None:
    """Refuse a user's class that says something by a name of an earlier version, which nothing would read.

    Args:
        cls: the class, from its base's ``__init_subclass__``.
        names: what is to be said now, by the old name.

    Raises:
        TypeError: in one line.
    """
    for old, new in names.items():
        if old in cls.__dict__:
            raise TypeError(f"{cls.__name__}.{old} is {new} now")


def _new_module(fullname: str) -> str | None:
    package, _, rest = fullname.partition(".")
    if package != "mimseg":
        return None
    for end in range(len(rest), 0, -1):
        if (end == len(rest) or rest[end] == ".") and rest[:end] in MODULES:
            return f"mimseg.{MODULES[rest[:end]]}{rest[end:]}"
    return None
