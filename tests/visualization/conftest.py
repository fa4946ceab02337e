from collections.abc import Callable

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from mimseg.visualization import render


@pytest.fixture
def check_layout() -> Callable[[Figure], None]:
    """Checks that every text of a figure is on the sheet and covers no other text and no picture but its own."""

    def check(figure: Figure) -> None:
        render(figure)
        written = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
        boxes = {text: text.get_window_extent() for text in written}
        places = {axes: axes.get_window_extent() for axes in figure.axes}
        for text, box in boxes.items():
            assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, text
            assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1, text
            assert not [other for other in written if other is not text and box.overlaps(boxes[other])], text
            assert not [axes for axes, place in places.items() if axes is not text.axes and box.overlaps(place)], text

    return check
