from typing import Literal

import pytest

from mimseg.choices import one_of

Colour = Literal["red", "green", "blue"]


def test_one_of_the_choices_is_given_back():
    assert one_of("colour", "green", Colour) == "green"
    assert one_of("colour", None, ("red", None)) is None


@pytest.mark.parametrize(
    ("value", "choices", "line"),
    [
        ("gren", Colour, "lamp.colour must be 'red', 'green' or 'blue', got 'gren'; did you mean 'green'?"),
        (7, Colour, "lamp.colour must be 'red', 'green' or 'blue', got 7"),
        ("x", ("red", None), "lamp.colour must be 'red' or None, got 'x'"),
        ("x", ("red",), "lamp.colour must be 'red', got 'x'"),
        (["red"], {"red": 1}, "lamp.colour must be 'red', got ['red']"),
    ],
)
def test_another_word_is_refused_in_one_line_that_names_the_closest(value, choices, line):
    with pytest.raises(ValueError) as error:
        one_of("lamp.colour", value, choices)
    assert str(error.value) == line
