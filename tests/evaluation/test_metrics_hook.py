import json
from types import SimpleNamespace

import pytest
from torch import nn

from mimseg.evaluation import MetricsHook


def test_every_validation_is_written_and_the_last_one_is_the_end(tmp_path):
    hook = MetricsHook()
    for epoch, top1 in ((1, 40.0), (2, 45.5)):
        runner = SimpleNamespace(work_dir=tmp_path, epoch=epoch, train_loop=None, val_evaluator=None)
        hook.after_val_epoch(runner, {"accuracy/top1": top1})
    hook.after_train(SimpleNamespace(work_dir=tmp_path))
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    expected = {"epoch_1": 40.0, "epoch_2": 45.5, "end": 45.5}
    assert metrics == {"val": {key: {"accuracy/top1": value} for key, value in expected.items()}}


def test_a_run_killed_after_its_last_validation_still_gets_its_end(tmp_path):
    """The numbers of the validation that the checkpoint says is done; of another one they are not the end."""
    (tmp_path / "metrics.json").write_text(json.dumps({"val": {"epoch_1": {"a": 1.0}, "epoch_2": {"a": 2.0}}}))
    for validated, end in ((10, None), (20, {"a": 2.0})):
        runner = run_with(("a",), ("a",), 1)
        runner.work_dir, runner.epoch, runner.iter, runner.train_loop, runner.resuming = tmp_path, 2, 20, None, True
        runner.message_hub = SimpleNamespace(runtime_info={"last_validation": validated})
        hook = MetricsHook()
        hook.before_train(runner)
        hook.after_train(runner)
        assert json.loads((tmp_path / "metrics.json").read_text())["val"].get("end") == end


def run_with(train, val, num_classes):
    loaders = {
        name: SimpleNamespace(dataset=SimpleNamespace(metainfo={"classes": classes}))
        for name, classes in (("train_dataloader", train), ("val_dataloader", val), ("test_dataloader", val))
    }
    return SimpleNamespace(bare_model=SimpleNamespace(num_classes=num_classes), val_loop=object(), **loaders)


def test_classes_that_do_not_fit_are_refused():
    MetricsHook().before_train(run_with(("a", "b"), ("a", "b"), 2))
    MetricsHook().before_test(run_with((), ("a", "b"), 2))
    with pytest.raises(ValueError, match=r"train_dataloader has 2 classes, but model\.num_classes=3"):
        MetricsHook().before_train(run_with(("a", "b"), ("a", "b"), 3))
    with pytest.raises(ValueError, match="'b' is in one of them only"):
        MetricsHook().before_train(run_with(("a", "b"), ("a", "c"), 2))
    with pytest.raises(ValueError, match="their order differs"):
        MetricsHook().before_train(run_with(("a", "b"), ("b", "a"), 2))
    detector = run_with(("a", "b"), ("a", "b"), 3)
    detector.bare_model = SimpleNamespace(roi_head=SimpleNamespace(bbox_head=SimpleNamespace(num_classes=3)))
    with pytest.raises(ValueError, match=r"2 classes, but model\.roi_head\.bbox_head\.num_classes=3"):
        MetricsHook().before_train(detector)
    with pytest.raises(ValueError, match="test_dataloader has 1 classes"):
        MetricsHook().before_test(run_with((), ("a",), 2))


class Head(nn.Module):
    def __init__(self, num_classes, **more):
        super().__init__()
        self.num_classes = num_classes
        vars(self).update(more)


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        (
            dict(num_classes=3, decode_head=Head(3), auxiliary_head=Head(11)),
            "2 classes, but model.decode_head.num_classes=3 and model.auxiliary_head.num_classes=11; set them to 2",
        ),
        (dict(num_classes=3, decode_head=Head(3)), "2 classes, but model.decode_head.num_classes=3; set it to 2, or"),
        (dict(decode_head=nn.ModuleList([Head(2), Head(3)])), "2 classes, but model.decode_head.1.num_classes=3;"),
        (
            dict(roi_head=SimpleNamespace(bbox_head=Head(3), mask_head=Head(80))),
            "but model.roi_head.bbox_head.num_classes=3 and model.roi_head.mask_head.num_classes=80; set them to 2, or "
            "correct metainfo.classes",
        ),
        (dict(roi_head=SimpleNamespace(bbox_head=Head(2), mask_head=Head(80, class_agnostic=True))), None),
    ],
)
def test_every_head_with_another_number_of_classes_is_named_by_its_setting(parts, line):
    runner = run_with(("a", "b"), ("a", "b"), 2)
    runner.bare_model = SimpleNamespace(**parts)
    if line is None:
        MetricsHook().before_train(runner)
        return
    with pytest.raises(ValueError) as error:
        MetricsHook().before_train(runner)
    assert line in str(error.value)


def test_without_validation_nothing_is_written(tmp_path):
    MetricsHook().after_train(SimpleNamespace(work_dir=tmp_path))
    assert not list(tmp_path.iterdir())
