"""No value of a shipped config, no hook and no default of a class can change without being noticed."""

import pytest
from mmengine.registry import init_default_scope
from mutation_trial import changed, hooks, leaves, trial, with_value


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_change_goes_unnoticed():
    init_default_scope("mimseg")
    counts, missed = trial()
    assert not missed
    assert sum(count["noticed"] for count in counts.values()) > 20000


def test_what_the_trial_changes():
    cfg = {"a": [1, {"b": 0.0, "_c": 1}], "d": "x", "e": True, "f": None}
    assert list(leaves(cfg)) == [(("a", 0), 1), (("a", 1, "b"), 0.0), (("d",), "x"), (("e",), True)]
    assert [changed(value) for _, value in leaves(cfg)] == [2, 0.1, "x_", False]
    assert with_value(cfg, ("a", 1, "b"), 5)["a"] == [1, {"b": 5, "_c": 1}] and cfg["a"][1]["b"] == 0.0
    run = {"custom_hooks": [{"type": "A"}, {"type": "B"}], "default_hooks": {"c": {"type": "C"}}}
    assert [(name, len(cut["custom_hooks"]), cut["default_hooks"]["c"] is None) for name, cut in hooks(run)] == [
        ("custom_hooks.A", 1, False),
        ("custom_hooks.B", 1, False),
        ("default_hooks.c", 2, True),
    ]
