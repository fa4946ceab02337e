"""What ``tools/analysis/position_transfer.py`` prints and writes."""

import json
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "analysis" / "position_transfer.py"
SMALL = ("--width", 32, "--scenes", 40, "--held-out", 20, "--beyond", 24)


def test_tables_and_numbers(command, tmp_path):
    """Both kinds go on from one model, and are the same model as long as the grid is."""
    out = tmp_path / "new" / "positions.json"
    stages = ("--stages", 16, 16, 20, "--steps", 2, 2, 2)
    code, printed, _ = command(*SMALL, *stages, "--seeds", 0, 1, "--out", out)
    assert code == 0
    record = json.loads(out.read_text())
    assert record["stages"] == [16, 16, 20] and list(record["seeds"]) == ["0", "1"]
    losses = []
    for outcome in record["seeds"].values():
        computed, resized = (outcome["first"][kind] for kind in ("sincos_per_grid", "sincos"))
        assert computed["16"] == resized["16"] and computed["24"] != resized["24"]
        computed, resized = (outcome["stages"][kind] for kind in ("sincos_per_grid", "sincos"))
        assert computed["1"] == resized["1"] and computed["2"] != resized["2"]
        last = outcome["last"]["sincos"]["20"]
        assert last[0] == pytest.approx(resized["2"][1]) and 0 <= last[1] <= 100
        losses.append(last[0])
    deviation = abs(losses[0] - losses[1]) / 2**0.5
    cell = f"{sum(losses) / 2:.4f} ± {deviation:.4f}"
    assert printed.count("| resized from the first stage's |") == 5 and cell in printed


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--stages", 16, 20, "--steps", 2), "2 stages need as many numbers of steps"),
        (("--stages", 18, "--steps", 2), "multiples of 4 px up to 64"),
        (("--stages", 16, "--steps", 2, "--width", 40), "a multiple of 32, got 40"),
        (("--stages", 16, "--steps", 2, "--held-out", 5), "k-NN needs 40 scenes to train on and 20 to look at"),
    ],
)
def test_what_cannot_be_run_is_one_line(command, options, complaint):
    code, _, errors = command(*SMALL, *options)
    assert code == 2 and complaint in errors and errors.count("\n") == 1
