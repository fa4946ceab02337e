"""Old names of modules and of what they hold are found, and told where they are now."""

import importlib
import sys
from pathlib import Path

import pytest

import mimseg
from mimseg.moved import FUNCTIONS, MODULES, NAMES, MovedModules, attach_moved_methods, attach_moved_property


@pytest.mark.parametrize("old", sorted(MODULES))
def test_a_module_is_found_by_its_old_name(old):
    sys.modules.pop(f"mimseg.{old}", None)
    with pytest.warns(FutureWarning, match=rf"^mimseg\.{old} is now mimseg\.{MODULES[old]}$"):
        module = importlib.import_module(f"mimseg.{old}")
    assert module is importlib.import_module(f"mimseg.{MODULES[old]}")


def test_so_are_the_modules_of_a_package_that_moved():
    sys.modules.pop("mimseg.models.dense.pyramids", None)
    with pytest.warns(FutureWarning, match=r"^mimseg\.models\.dense\.pyramids is now mimseg\.models\.transfer"):
        module = importlib.import_module("mimseg.models.dense.pyramids")
    assert module is importlib.import_module("mimseg.models.transfer.pyramids")
    assert module.__spec__.name == "mimseg.models.transfer.pyramids"


@pytest.mark.parametrize("old", sorted(NAMES))
def test_a_function_is_found_by_its_old_name(old):
    package, _, name = old.rpartition(".")
    with pytest.warns(FutureWarning, match=rf"^mimseg\.{old} is now mimseg\.{NAMES[old]}$"):
        found = getattr(importlib.import_module(f"mimseg.{package}"), name)
    module, _, new = NAMES[old].rpartition(".")
    assert found is getattr(importlib.import_module(f"mimseg.{module}"), new)


def test_what_never_was_is_no_name_that_moved():
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("mimseg.models.nothing")
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        from mimseg.evaluation import nothing  # noqa: F401


def test_what_were_methods_of_a_model_are_still_to_be_called():
    class Model:
        pass

    def look(model, images, times=1):
        """Look."""
        return [images] * times

    attach_moved_methods(Model, look=look)
    attach_moved_property(Model, "sees", lambda model: True)
    with pytest.warns(FutureWarning, match=r"^Model\.look is now tests?.*look\(model, \.\.\.\)$|^Model\.look is now "):
        assert Model().look("a", times=2) == ["a", "a"]
    with pytest.warns(FutureWarning, match=r"^Model\.sees is now "):
        assert Model().sees


def test_a_module_whose_name_is_a_functions_now_says_what_to_write():
    with pytest.raises(ImportError, match="^mimseg.apis.convert is gone: from mimseg.apis import convert$"):
        importlib.import_module("mimseg.apis.convert")


def test_packages_of_others_are_not_looked_at():
    """A user's own ``apis.convert`` has nothing to do with ``mimseg.apis.convert``."""
    assert all(MovedModules().find_spec(old, None) is None for old in [*FUNCTIONS, *MODULES])


def test_no_name_that_moved_is_still_there():
    """Such an entry would stand before the module itself."""
    root = Path(mimseg.__file__).parent
    there = [old for old in [*MODULES, *FUNCTIONS] if root.joinpath(*old.split(".")).with_suffix(".py").exists()]
    assert not there
