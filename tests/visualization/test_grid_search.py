"""A metric over two settings as a heat map."""

import numpy as np
import pytest

from mimseg.visualization.grid_search import draw_grid_search

ROWS, COLUMNS = ("layer decay", (0.65, 0.75)), ("base learning rate", (2e-4, 5e-4, 1e-3))


def test_every_value_is_written_where_it_belongs_and_the_highest_is_framed(check_layout):
    values = np.array([[81.0, 82.5, np.nan], [80.25, 83.0, 82.75]])
    figure = draw_grid_search(values, ROWS, COLUMNS, "top-1", ("config", "top-1, seed 0", "from epoch_5.pth"))
    axes = figure.axes[0]
    written = {(round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in axes.texts}
    assert written == {(0, 0): "81.00", (0, 1): "82.50", (1, 0): "80.25", (1, 1): "83.00", (1, 2): "82.75"}
    (frame,) = axes.patches
    assert frame.get_xy() == (0.5, 0.5)  # around row 1, column 1
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.0002", "0.0005", "0.001"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0.65", "0.75"]
    check_layout(figure)


def test_one_value_is_a_map_too_and_none_is_not(check_layout):
    figure = draw_grid_search(np.array([[50.0]]), ("a", (1,)), ("b", (2,)), "mIoU", ("title",))
    check_layout(figure)
    figure.canvas.draw()
    (bar,) = [axes for axes in figure.axes if axes.get_ylabel() == "mIoU"]
    assert bar.yaxis.get_offset_text().get_text() == "" and bar.get_yticklabels()[0].get_text() == "50.00"
    for values in (np.full((2, 3), np.nan), np.ones((3, 2))):
        with pytest.raises(ValueError, match="2 x 3 settings wants as many values"):
            draw_grid_search(values, ROWS, COLUMNS, "top-1", ("title",))
