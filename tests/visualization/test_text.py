import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

from mimseg.visualization.text import shorten, text_width, wrap

NAME = "attmask/amt_vit-base_patch16-224"


def drawn_width(text: str, size: float, weight: str) -> float:
    renderer = RendererAgg(100, 100, dpi=125)
    width, _, _ = renderer.get_text_width_height_descent(text, FontProperties(size=size, weight=weight), ismath=False)
    return width / 125


@pytest.mark.parametrize(("size", "weight"), [(6.5, "normal"), (8, "normal"), (11, "bold")])
def test_measured_widths_are_those_drawn(size, weight):
    for text in ("WWWW.png", "illicit", "a config   ·   epoch_1600.pth", NAME):
        drawn = drawn_width(text, size, weight)
        assert drawn - 0.02 <= text_width(text, size, weight) <= 1.06 * drawn + 0.02


def test_text_is_broken_between_words():
    assert wrap("", 1, 8) == [""]
    assert wrap("one two", 9, 8) == ["one two"]
    room = text_width("three four", 8)
    assert wrap("one two three four five", room, 8) == ["one two", "three four", "five"]


def test_a_dot_between_parts_does_not_begin_or_end_a_line():
    parts = "one   ·   two"
    assert wrap(parts, 9, 8) == [parts]
    assert wrap(parts, text_width("one   ·", 8), 8) == ["one", "two"]


def test_names_longer_than_a_line_are_broken_at_their_joints_else_anywhere():
    lines = wrap(NAME, text_width("amt_vit-base_", 8), 8)
    assert lines == ["attmask/amt_", "vit-base_", "patch16-224"]
    letters = wrap("W" * 20, 0.5, 8)
    assert "".join(letters) == "W" * 20 and all(0 < text_width(line, 8) <= 0.5 for line in letters)


def test_of_what_is_too_long_the_end_is_kept():
    assert shorten("a.png", 1, 8) == ["a.png"]
    (line,) = shorten("x" * 50 + "7.png", 1, 8)
    assert line.startswith("…") and line.endswith("7.png") and text_width(line, 8) <= 1
    assert len(shorten("x" * 50 + "7.png", 1, 8, lines=2)) == 2
