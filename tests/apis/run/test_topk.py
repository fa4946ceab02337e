"""An accuracy among more classes than there are is refused before training."""

import pytest

from mimseg.apis.run.topk import check_topk


def config(classes, evaluator, name="val_evaluator"):
    return {"model": {"num_classes": classes}, name: evaluator}


@pytest.mark.parametrize("name", ["val_evaluator", "test_evaluator"])
@pytest.mark.parametrize("several", [False, True])
def test_more_than_there_are_is_refused_and_what_is_left_is_named(name, several):
    part = {"type": "mmpretrain.Accuracy", "topk": (1, 5)}
    key = f"{name}.0" if several else name
    with pytest.raises(ValueError) as error:
        check_topk(config(4, [part] if several else part, name))
    assert str(error.value) == (
        f"{key}.topk=(1, 5): there are only model.num_classes=4 classes to be among; set {key}.topk=(1,)"
    )
    check_topk(config(5, [part] if several else part, name))


def test_what_tells_no_number_of_classes_is_believed():
    check_topk({"model": {"type": "MaskedImageModel"}, "val_evaluator": {"type": "Accuracy", "topk": 5}})
    check_topk(config(2, {"type": "MyAccuracy", "topk": 5}))
    check_topk(config(2, {"type": "Accuracy"}))
    check_topk(config(2, None))
    with pytest.raises(ValueError, match=r"val_evaluator.topk=5: .* set val_evaluator.topk=\(1,\)"):
        check_topk(config(2, {"type": "Accuracy", "topk": 5}))
