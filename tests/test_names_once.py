"""A word means one thing: no public class or function of the package has the name of another."""

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "mimseg"
PROTOCOL = {"fits", "read", "write", "prefixes_to_write", "config"}
"""What a module of ``checkpoints/formats`` may have: the modules are used in place of each other, so their functions
have the same names on purpose. Elsewhere these names count as any other."""


def public_names() -> dict[str, list[str]]:
    """Where each public class and function at the top of a module is defined."""
    places = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE).with_suffix("").as_posix()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            of_the_protocol = path.parent.name == "formats" and node.name in PROTOCOL
            if not node.name.startswith("_") and not of_the_protocol:
                places[node.name].append(module)
    return places


def test_no_public_class_or_function_has_the_name_of_another():
    twice = {name: modules for name, modules in public_names().items() if len(modules) > 1}
    assert not twice, "\n".join(f"{name}: {', '.join(modules)}" for name, modules in sorted(twice.items()))


def test_the_test_sees_the_package():
    places = public_names()
    assert places["MaskedImageModel"] == ["models/mim"] and len(places) > 500
