"""Share, budget and end of a run, against the table of the paper's three readings."""

import pytest

from mimseg.selection import SelectionPlan, budget_of, end_for, keep_for, make_plan


def blocks(*ends) -> set[int]:
    return {epoch for end in ends for epoch in (end - 3, end - 2, end - 1)}


def test_reading_a_stops_when_the_kept_share_is_also_the_budget():
    plan = make_plan(100_000, 200, 20, 20, keep=0.37, stop="budget")
    assert plan.end == pytest.approx(165.9, abs=0.05)
    assert plan.end == pytest.approx(200 - 20 * (1 / 0.37 - 1))
    assert (plan.keep, plan.budget, plan.epochs) == (0.37, pytest.approx(0.37), 166)
    assert [*plan.selections] == [20, 40, 60, 80, 100, 120, 140, 160]
    trained = plan.epochs_before_selections(3, keep_last_block=True)
    assert trained == blocks(20, 40, 60, 80, 100, 120, 140, 160) and len(trained) == 24
    assert plan.share(165) == pytest.approx(20 + 54 / 0.37 - 165) and plan.share(164) == 1.0
    assert make_plan(100_000, 200, 20, 20, budget=0.37, stop="budget") == plan


def test_reading_b_keeps_thirty_percent_for_a_budget_of_thirty_seven():
    assert budget_of(0.30, 20, 200, 200) == 0.37
    assert keep_for(0.37, 20, 200) == 0.30
    plan = make_plan(1000, 200, 20, 20, budget=0.37)
    assert (plan.keep, plan.kept, plan.end, plan.epochs, plan.budget) == (0.30, 300, 200.0, 200, 0.37)
    assert [*plan.selections] == [20, 40, 60, 80, 100, 120, 140, 160, 180]
    with_last = plan.epochs_before_selections(3, keep_last_block=True)
    assert sorted(with_last)[:6] == [17, 18, 19, 37, 38, 39]
    assert with_last == blocks(*range(20, 201, 20)) and len(with_last) == 30
    assert plan.epochs_before_selections(3, keep_last_block=False) == with_last - {197, 198, 199}


def test_reading_c_spends_more_than_it_keeps():
    plan = make_plan(1000, 200, 20, 20, keep=0.37)
    assert plan.budget == pytest.approx((20 + 0.37 * 180) / 200) and plan.budget == pytest.approx(0.433)
    assert (plan.end, len(plan.epochs_before_selections(3, True))) == (200.0, 30)


def test_images_of_every_epoch_add_up_to_the_budget():
    """Counted epoch by epoch, with an interval that does not divide the epochs."""
    for plan in (make_plan(1000, 30, 4, 7, budget=0.4), make_plan(1000, 30, 4, 7, budget=0.4, stop="budget")):
        seen = sum(plan.images(epoch) * plan.share(epoch) for epoch in range(plan.epochs))
        assert seen == pytest.approx(0.4 * 30 * 1000, rel=2e-3)
        assert [plan.images(epoch) for epoch in range(6)] == [1000] * 4 + [plan.kept] * 2
    chosen = [plan.selected_at(epoch) for epoch in range(16)]
    assert chosen == [None] * 4 + [4] * 7 + [11] * 5
    assert make_plan(1000, 30, 4, 7, keep=0.5).epochs_before_selections(2, True) == {2, 3, 9, 10, 16, 17, 23, 24}


def test_a_whole_budget_is_the_whole_run():
    for options in (dict(keep=1), dict(budget=1.0), dict(keep=1.0, stop="budget")):
        plan = make_plan(10, 20, 2, 3, **options)
        assert (plan.kept, plan.end, plan.epochs, plan.share(19)) == (10, 20.0, 20, 1.0)


def test_a_block_is_no_longer_than_the_epochs_before_it():
    assert SelectionPlan(10, 9, 1, 2, 0.5, 9.0).epochs_before_selections(3, True) == frozenset(range(9))
    assert SelectionPlan(10, 9, 0, 4, 0.5, 9.0).epochs_before_selections(1, True) == {3, 7}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (dict(), "give either keep, the share of the images, or budget, the share of the run; got neither"),
        (dict(keep=0.3, budget=0.4), "got keep=0.3 and budget=0.4"),
        (dict(keep=0.0), "keep must be above 0 and at most 1, got 0.0"),
        (dict(keep=1.2), "keep must be above 0 and at most 1, got 1.2"),
        (dict(keep=float("nan")), "keep must be above 0 and at most 1, got nan"),
        (dict(budget=-0.1), "budget must be above 0 and at most 1, got -0.1"),
        (dict(budget=37), "budget must be above 0 and at most 1, got 37"),
        (dict(budget=0.1), "20 warmup_epochs of 200 spend a budget of 0.1 on the full set alone; give more than 0.1"),
        (dict(keep=0.05, stop="budget"), "20 warmup_epochs of 200 spend a budget of 0.05"),
        (dict(keep=0.5, stop="early"), "stop must be 'full' or 'budget', got 'early'"),
        (dict(keep=0.5, interval=0), "interval must be a whole number of at least 1, got 0"),
        (dict(keep=0.5, warmup_epochs=2.5), "warmup_epochs must be a whole number of at least 0, got 2.5"),
        (dict(keep=0.5, warmup_epochs=200), "warmup_epochs=200 leaves no epoch to select for, schedule.epochs is 200"),
    ],
)
def test_what_makes_no_sense_is_one_line(options, complaint):
    with pytest.raises(ValueError) as error:
        make_plan(**{"dataset_size": 100, "epochs": 200, "warmup_epochs": 20, "interval": 20, **options})
    assert complaint in str(error.value) and "\n" not in str(error.value)


def test_an_end_within_the_budget():
    assert end_for(0.5, 0.6, 20, 200) == 20 + (0.6 * 200 - 20) / 0.5
