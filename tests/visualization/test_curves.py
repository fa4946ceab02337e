import json

import numpy as np
import pytest

from mimseg.visualization import draw_loss_curves, read_losses, render


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_reads_losses_and_nothing_else(tmp_path):
    lines = [
        {"knn/top1_k10": 20.0, "step": 0},
        {"loss": 3.0, "loss_a": 1.0, "loss_b": 2.0, "lr": 0.1, "step": 10},
        {"loss": 2.5, "loss_a": 1.0, "loss_b": 1.5, "lr": 0.1, "step": 20},
    ]
    losses = read_losses([write(tmp_path / "scalars.json", lines)])
    assert sorted(losses) == ["loss", "loss_a", "loss_b"]
    assert losses["loss_b"][0].tolist() == [10, 20] and losses["loss_b"][1].tolist() == [2.0, 1.5]


def test_the_total_of_one_task_is_not_drawn_twice(tmp_path):
    path = write(tmp_path / "a.json", [{"loss": 1.0, "loss_reconstruct": 1.0, "step": 1}])
    assert list(read_losses([path])) == ["loss_reconstruct"]


def test_a_resumed_run_replaces_the_lost_steps(tmp_path):
    first = write(tmp_path / "a.json", [{"loss": step, "step": step} for step in (10, 20, 30)])
    again = write(tmp_path / "b.json", [{"loss": 100 + step, "step": step} for step in (15, 25)])
    empty = write(tmp_path / "c.json", [])
    steps, values = read_losses([first, again, empty])["loss"]
    assert steps.tolist() == [10, 15, 25] and values.tolist() == [10, 115, 125]


def test_torn_lines_are_left_out(tmp_path):
    """As a kill, a full disk and a damaged disk leave them; whatever else is no number is left out, too."""
    path = write(tmp_path / "a.json", [{"loss": step, "step": step} for step in (10, 20)])
    with open(path, "ab") as file:
        file.write(
            b'{"loss": 30, "st\n{"loss": "x", "step": 35}\n\xff\xfe\n[1]\n7\n{"loss": 40, "step": 40}\n{"loss": 5'
        )
    torn = tmp_path / "b.json"
    torn.write_text('{"lo')
    steps, values = read_losses([path, torn])["loss"]
    assert steps.tolist() == values.tolist() == [10, 20, 40]


@pytest.mark.parametrize("points", [1, 5, 300])
def test_draws_any_length(points):
    curve = (np.arange(points) * 10.0, np.exp(-np.arange(points) / 50))
    figure = draw_loss_curves({"loss_reconstruct": curve, "loss_predict_loss": curve}, "a run")
    assert [axes.get_title().split(":")[0] for axes in figure.axes] == [
        "loss_reconstruct",
        "loss_predict_loss",
    ]
    assert render(figure).std() > 5


def test_the_running_mean_is_centred():
    steps = np.arange(300.0)
    figure = draw_loss_curves({"loss": (steps, steps)}, "")
    raw, mean = figure.axes[0].lines
    # Windows of 300 // 30 = 10 points: the mean of a straight line lies within half a step of the line.
    assert np.abs(mean.get_ydata() - mean.get_xdata()).max() <= 0.5 + 1e-9
    assert len(mean.get_xdata()) == 291 and len(raw.get_xdata()) == 300


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="no losses"):
        draw_loss_curves(read_losses([]), "")
