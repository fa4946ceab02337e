"""Tensors that are no weights, and settings that make no sense, are named in one line."""

import math

import pytest
import torch
from hostile_files import with_odd_tensors, write
from hostile_making import honest, save
from hostile_trial import DOORS, Holder, show

from mimseg.checkpoints import load_weights

QKV = "blocks.0.attn.qkv.weight"
FEW = {name: DOORS[name] for name in ("load_weights", "convert", "FrozenTeacher")}


@pytest.mark.parametrize(
    "name", [name for name in with_odd_tensors() if "array " not in name and "number " not in name]
)
def test_one_line_or_harmless(tmp_path, name):
    endings = show(write(tmp_path, name), FEW)
    assert {ending for ending, _ in endings.values()} <= {"one line", "read"}, endings


def load(tmp_path, state, **options):
    save({"model": state}, tmp_path / "file.pth")
    lines = []
    load_weights(Holder(), tmp_path / "file.pth", **{"scope": "encoder.", "log": lines.append, **options})
    return "\n".join(lines)


def with_qkv(change):
    state = honest()
    state[QKV] = change(state[QKV].clone())
    return state


def poison(tensor):
    tensor[0, :2], tensor[1, 0] = float("nan"), -math.inf
    return tensor


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda t: t.to("meta"), "is a meta tensor"),
        (lambda t: t.to_sparse(), r"is sparse \(torch.sparse_coo\)"),
        (lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.qint8), r"is quantized \(torch.qint8\)"),
        (lambda t: t.to(torch.complex64), "is of complex numbers"),
        (lambda t: (t * 100).to(torch.int8), r"is of whole numbers \(torch.int8\)"),
        (poison, "has 2 NaN and 1 infinite numbers of 3072: .*name an earlier checkpoint"),
        (lambda t: t.flatten(), r"is \(3072,\) in the file and \(96, 32\) in the model"),
        (lambda t: torch.zeros(()), r"is \(\) in the file and \(96, 32\) in the model"),
    ],
)
def test_what_is_no_weight_is_named_with_its_file(tmp_path, change, complaint):
    model = Holder()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    save({"model": with_qkv(change)}, tmp_path / "file.pth")
    with pytest.raises(ValueError, match=rf"file.pth: .*blocks.0.attn.qkv.weight {complaint}") as error:
        load_weights(model, tmp_path / "file.pth", scope="encoder.", log=str)
    assert "\n" not in str(error.value)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_what_is_not_loaded_may_be_anything(tmp_path):
    """A classifier's head that is not taken."""
    load(tmp_path, {**honest(), "head.weight": torch.full((3, 32), float("nan")), "head.bias": torch.zeros(3)})


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (dict(image_size=16.5), "load_options.image_size is 16.5; use a side"),
        (dict(image_size=True), "load_options.image_size is True"),
        (dict(image_size=-16), "load_options.image_size is -16"),
        (dict(image_size=0), "load_options.image_size is 0"),
        (dict(image_size="16"), "load_options.image_size is '16'"),
        (dict(image_size=[16, 16, 16]), "load_options.image_size is"),
        (dict(least=2), "least=2: the share"),
        (dict(least="0.9"), "least='0.9': the share"),
        (dict(least=True), "least=True: the share"),
        (dict(least=float("nan")), "least=nan: the share"),
        (dict(weights="teacher"), "weights must be 'student' or 'ema', got 'teacher'"),
        (dict(position_tables=3), "load_options.position_tables must be 'bicubic', 'geometric' or 'reinit', got 3"),
    ],
)
def test_options_are_checked_whatever_the_file(tmp_path, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        load(tmp_path, honest(), **options)


def test_blocks_that_the_file_lacks_are_named(tmp_path):
    state = {name: tensor for name, tensor in honest().items() if not name.startswith("blocks.1.")}
    said = load(tmp_path, state, least=0.3)
    assert "note: the file lacks encoder.blocks.1 altogether: what the model has there stays random" in said
    assert "altogether" not in load(tmp_path, honest())


def two_encoders(first, second):
    other = {name: tensor + 1 for name, tensor in honest().items()}
    return {f"{second}{name}": t for name, t in other.items()} | {f"{first}{name}": t for name, t in honest().items()}


@pytest.mark.parametrize(
    ("first", "second"),
    [("encoder_q.", "encoder_k."), ("base_encoder.", "momentum_encoder."), ("online_encoder.", "target_encoder.")],
)
def test_of_two_encoders_the_trained_one_is_taken_whatever_the_order(tmp_path, first, second):
    said = load(tmp_path, two_encoders(first, second))
    assert f"the file holds several encoders: '{first}' was taken, '{second}' left out" in said


def test_two_encoders_that_nothing_tells_apart_are_refused(tmp_path):
    with pytest.raises(ValueError, match="several encoders, under 'right.', 'left.', and nothing tells which"):
        load(tmp_path, two_encoders("left.", "right."))


def test_a_long_reason_ends_with_a_word(tmp_path):
    (tmp_path / "file.pth").write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(Exception, match=r"cannot be read.*") as error:
        load_weights(Holder(), tmp_path / "file.pth", log=str)
    assert "…" not in str(error.value) or " …" in str(error.value)
