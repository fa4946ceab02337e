"""PIMR: where a metric lies between its worst and its best mask ratio."""

import math

import pytest

from mimseg.apis.studies.robustness import global_pimr, pimr


def test_worst_and_best_are_observed_not_assumed_at_the_ends():
    # lowest 30 is in the middle, highest 40 second: (35 - 30) / 10, (40 - 30) / 10, 0, (32 - 30) / 10
    assert pimr([35.0, 40.0, 30.0, 32.0]) == pytest.approx([0.5, 1.0, 0.0, 0.2])


def test_global_takes_worst_and_best_of_all_models():
    shares = global_pimr({"a": [20.0, 30.0], "b": [40.0, 25.0, 35.0]})
    # over both models: lowest 20, highest 40
    assert shares["a"] == pytest.approx([0.0, 0.5])
    assert shares["b"] == pytest.approx([1.0, 0.25, 0.75])


def test_zero_may_be_the_value_at_the_lowest_ratio():
    """SBAM's first words on Eq. 5: against the performance at the lowest ratio; here 35, of a best of 40."""
    assert pimr([35.0, 40.0, 30.0], "lowest-ratio") == pytest.approx([0.0, 1.0, -1.0])
    shares = global_pimr({"a": [20.0, 15.0], "b": [30.0, 40.0]}, "lowest-ratio")
    assert shares["a"] == pytest.approx([0.0, -0.25]) and shares["b"] == pytest.approx([0.5, 1.0])
    assert all(math.isnan(share) for share in pimr([40.0, 30.0], "lowest-ratio"))


def test_neither_scale_nor_offset_of_the_metric_matters():
    values = [82.1, 82.9, 81.7]
    assert pimr([0.3 * value - 7 for value in values]) == pytest.approx(pimr(values))
    assert global_pimr({"only": values})["only"] == pytest.approx(pimr(values))


@pytest.mark.parametrize("values", [[3.0, 3.0, 3.0], [3.0]])
def test_without_a_range_it_is_undefined(values):
    assert all(math.isnan(share) for share in pimr(values)) and len(pimr(values)) == len(values)


def test_a_model_that_minds_nothing_has_a_global_value():
    shares = global_pimr({"flat": [3.0, 3.0], "steep": [1.0, 5.0]})
    assert shares == {"flat": [0.5, 0.5], "steep": [0.0, 1.0]}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused(value):
    with pytest.raises(ValueError, match=f"finite values, got {value}"):
        pimr([1.0, value])
    with pytest.raises(ValueError, match=f"finite values, got {value}"):
        global_pimr({"a": [1.0, 2.0], "b": [value]})
