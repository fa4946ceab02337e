"""What a run needs of its hooks survives a list of one's own, and is asked for where it is missing."""

import logging

import pytest
from mmengine.hooks import Hook

from mimseg.engine import NonFiniteGuard, ProgressHook
from mimseg.engine.hooks import RNGStateHook, TeacherHook
from mimseg.registry import HOOKS

NAMED = {
    f"default_hooks.{name}": dict(type=kind)
    for name, kind in (
        ("progress", "ProgressHook"),
        ("teacher", "TeacherHook"),
        ("rng_state", "RNGStateHook"),
        ("non_finite", "NonFiniteGuard"),
    )
}


@HOOKS.register_module(force=True)
class HookOfAUser(Hook):
    """Does nothing."""


def hooks_of(runner, kind) -> list:
    return [hook for hook in runner.hooks if isinstance(hook, kind)]


def test_a_list_of_ones_own_takes_nothing_away(toy):
    runner = toy(**NAMED, custom_hooks=[dict(type="HookOfAUser")], epochs=2)
    assert hooks_of(runner, HookOfAUser)
    runner.train()
    assert runner.bare_model.progress == [0.5, 1.0]
    assert len(runner.bare_model.teacher_epochs) == 12


def test_a_hook_in_the_list_stands_in_for_the_one_of_its_class(toy):
    """Earlier configs list what has a name now: the teacher moves once a step, and progress counts from 0."""
    listed = [
        dict(type="ProgressHook", first=0),
        dict(type="TeacherHook"),
        dict(type="NonFiniteGuard"),
        dict(type="mimseg.RNGStateHook"),
    ]
    runner = toy(**NAMED, custom_hooks=listed, epochs=2)
    assert [len(hooks_of(runner, kind)) for kind in (ProgressHook, TeacherHook, NonFiniteGuard, RNGStateHook)] == [
        1
    ] * 4
    runner.train()
    assert runner.bare_model.progress == [0.0, 0.5]
    assert len(runner.bare_model.teacher_epochs) == 12


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "teacher",
            "TeacherHook is missing: the model's teachers never follow the student; "
            "add default_hooks.teacher=dict(type='mimseg.TeacherHook')",
        ),
        (
            "progress",
            "ProgressHook is missing: the model's schedules of masks and tasks stay at their end, from the first epoch "
            "on; add default_hooks.progress=dict(type='mimseg.ProgressHook')",
        ),
    ],
)
def test_a_run_that_would_train_otherwise_than_it_says_is_refused(toy, name, line):
    runner = toy(**{**NAMED, f"default_hooks.{name}": None}, custom_hooks=[])
    with pytest.raises(ValueError) as error:
        runner.train()
    assert str(error.value) == line
    assert not runner.bare_model.seen


@pytest.mark.parametrize(("name", "kind"), [("rng_state", "RNGStateHook"), ("non_finite", "NonFiniteGuard")])
def test_a_run_that_only_is_less_safe_is_warned_of(toy, caplog, name, kind):
    runner = toy(**{**NAMED, f"default_hooks.{name}": None}, custom_hooks=[], epochs=2)
    runner.logger.addHandler(caplog.handler)
    runner.train()
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert any(text.startswith(f"{kind} is missing: ") and f"default_hooks.{name}=" in text for text in warnings)


def test_a_model_without_teachers_needs_no_hook_for_them(toy):
    runner = toy(**{**NAMED, "default_hooks.teacher": None}, custom_hooks=[], epochs=2)
    runner.bare_model.teachers.clear()
    runner.train()
    assert runner.iter == 12


def test_a_hook_derived_from_a_named_one_stands_in_for_it(toy):
    class OwnTeacherHook(TeacherHook):
        """Moves teachers, too."""

    HOOKS.register_module(module=OwnTeacherHook, force=True)
    runner = toy(**NAMED, custom_hooks=[dict(type="OwnTeacherHook")], epochs=2)
    assert [type(hook) for hook in hooks_of(runner, TeacherHook)] == [OwnTeacherHook]
    runner.train()
    assert len(runner.bare_model.teacher_epochs) == 12
