"""Other projects' type checkers find the annotations of this package (PEP 561)."""

from configparser import ConfigParser
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_package_says_that_it_is_typed():
    assert files("mimseg").joinpath("py.typed").is_file()


def test_a_wheel_carries_that_file():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert "py.typed" in setup["options.package_data"]["mimseg"].split()
