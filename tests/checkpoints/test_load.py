"""Loading our own files, and what is refused."""

import re

import pytest
import torch

from mimseg.checkpoints import DamagedCheckpointError, MissingCheckpointError, load_weights


def assert_equal(state, other):
    assert state.keys() == other.keys()
    assert all(torch.equal(tensor, other[name]) for name, tensor in state.items())


def snapshot(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize("wrapping", [
    lambda state: {"state_dict": state, "meta": {}, "optimizer": {"state": {}}},
    lambda state: {"model": state},
    lambda state: state,
    lambda state: {f"module.{name}": tensor for name, tensor in state.items()},
    lambda state: {f"_orig_mod.module.{name}": tensor for name, tensor in state.items()},
])  # fmt: skip
def test_own_files_are_loaded_whole_in_any_wrapping(mim, saved, quiet, wrapping):
    source, model = mim(predictor=True, seed=1), mim(predictor=True, seed=2)
    report = load_weights(model, saved(wrapping(source.state_dict())), log=quiet)
    assert_equal(model.state_dict(), source.state_dict())
    assert report.coverage == 1 and report.teachers
    assert len(report.loaded) == len(source.state_dict()) and not report.notes


def test_the_report_is_short_and_complete(mim, saved, quiet):
    load_weights(mim(), saved({"state_dict": mim(predictor=True).state_dict()}), log=quiet)
    lines = quiet[0].splitlines()
    assert len(lines) == 5
    assert lines[0].endswith("file.pth (mimseg, student)")
    assert re.search("encoder +29/29 loaded", lines[1])
    assert " ".join(lines[4].split()) == "ignored teachers.ema.* (60 tensors), tasks.predict_loss.* (28 tensors)"


def test_a_teacher_that_the_file_lacks_starts_from_the_student(mim, saved, quiet):
    model = mim(predictor=True)
    load_weights(model, saved(mim(seed=4).state_dict()), scope="encoder.", least=0.9, log=quiet)
    teacher = model.teachers["ema"].parts["encoder"].state_dict()
    assert_equal(teacher, model.encoder.state_dict())
    assert "starts from the loaded weights" in quiet[0]


def test_our_ema_teacher_can_be_loaded_as_the_student(mim, vit, saved, quiet):
    source = mim(predictor=True)
    path = saved({"state_dict": source.state_dict()})
    extractor = vit()
    load_weights(extractor, path, weights="ema", log=quiet)
    assert_equal(extractor.encoder.state_dict(), source.teachers["ema"].parts["encoder"].state_dict())
    model = mim(predictor=True, seed=6)
    load_weights(model, path, weights="ema", log=quiet)
    parts = source.teachers["ema"].parts
    assert_equal(model.neck.state_dict(), parts["neck"].state_dict())
    assert_equal(model.tasks["predict_loss"].decoder.state_dict(), parts["predictor"].state_dict())
    reconstruct = source.tasks["reconstruct"].decoder
    assert_equal(model.tasks["reconstruct"].decoder.state_dict(), reconstruct.state_dict())


def test_pretrained_weights_go_into_a_classifier_and_back(mim, vit, saved, quiet):
    source = mim()
    classifier = vit(classes=3)
    options = dict(scope="encoder.", least=0.9, log=quiet)
    report = load_weights(classifier, saved(source.state_dict()), **options)
    assert set(report.missing) == {"norm.weight", "norm.bias", "head.weight", "head.bias"}
    assert "final norm" in report.notes[0]
    torch.testing.assert_close(
        classifier.encoder.blocks.state_dict(), source.encoder.blocks.state_dict(), rtol=0, atol=0
    )
    torch.nn.init.normal_(classifier.norm.weight)
    back = mim(seed=3)
    report = load_weights(back, saved(classifier.state_dict()), **options)
    assert torch.equal(back.encoder.norm.weight, classifier.norm.weight)  # it was behind the pooling
    assert "which pools first" in report.resized["encoder.norm.weight"]
    other = vit(classes=7, seed=9)  # another dataset's head is left as it was
    head = snapshot(other.head)
    load_weights(other, saved(classifier.state_dict()), **options)
    assert_equal(snapshot(other.head), head)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            dict(dim=64),
            r"encoder.cls_token is \(1, 1, 32\) in the file and \(1, 1, 64\) in the model.*2 blocks of width 32",
        ),
        (dict(depth=4), "missing are encoder.blocks.2"),
        (dict(depth=1), "its encoder has encoder.blocks.1.*for which the model has no place.*model.encoder.arch"),
    ],
)
def test_another_architecture_is_refused_and_changes_nothing(mim, vit, saved, quiet, options, complaint):
    model = vit(**options)
    before = snapshot(model)
    with pytest.raises(ValueError, match=complaint) as error:
        load_weights(model, saved(mim().state_dict()), scope="encoder.", least=0.9, log=quiet)
    assert "file.pth: " in str(error.value) and "\n" not in str(error.value)
    assert_equal(model.state_dict(), before)
    assert not quiet


def test_other_attention_heads_are_refused(mim, saved, quiet):
    """Their shapes are the same, what they compute is not."""
    meta = {"mimseg": {"patch_size": 4, "in_channels": 3, "heads": {"encoder": 4}}}
    with pytest.raises(ValueError, match="its encoder has 4 attention heads, the model's 2"):
        load_weights(mim(), saved({"state_dict": mim().state_dict(), "meta": meta}), log=quiet)


def test_below_the_threshold_is_an_error(mim, saved, quiet):
    state = {name: tensor for name, tensor in mim().state_dict().items() if "blocks.1.mlp" not in name}
    with pytest.raises(ValueError, match=r"has \d+\.\d% of the weights under 'encoder.', at least 90% are needed"):
        load_weights(mim(), saved(state), scope="encoder.", least=0.9, log=quiet)
    load_weights(mim(), saved(state), scope="encoder.", least=0.5, log=quiet)
    with pytest.raises(ValueError, match=r"least=90: .* \[0, 1\]"):
        load_weights(mim(), saved(state), least=90, log=quiet)


def test_what_is_no_checkpoint_is_one_line(mim, saved, quiet, tmp_path):
    def refused(path, kind):
        with pytest.raises(kind) as error:
            load_weights(mim(), path, log=quiet)
        assert "\n" not in str(error.value)
        return str(error.value)

    assert "check the path" in refused(tmp_path / "none.pth", MissingCheckpointError)
    assert "check the path" in refused(tmp_path / "none.safetensors", MissingCheckpointError)
    assert "is a folder without model.safetensors" in refused(tmp_path, MissingCheckpointError)
    (tmp_path / "empty.pth").touch()
    assert "is empty" in refused(tmp_path / "empty.pth", DamagedCheckpointError)
    for name in ("cut.pth", "cut.safetensors"):
        (tmp_path / name).write_bytes(saved(mim().state_dict()).read_bytes()[:5000])
        assert "cannot be read" in refused(tmp_path / name, DamagedCheckpointError)
    assert "named as in no known format: conv1.weight" in refused(saved({"conv1.weight": torch.ones(2)}), ValueError)
    assert "holds no weights: its entries are epoch" in refused(saved({"epoch": 3}), ValueError)


def test_models_without_the_scope_are_refused(mim, saved, quiet):
    with pytest.raises(ValueError, match="Linear has no weights under 'encoder.'"):
        load_weights(torch.nn.Linear(2, 2), saved(mim().state_dict()), scope="encoder.", log=quiet)
