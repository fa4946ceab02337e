"""Through no door of any library does a file run code, ask the network or take more than it is worth."""

import os
import pickle
import urllib.request

import numpy as np
import pytest
import torch
from hostile_files import FILES, with_payload, write
from hostile_making import Call
from hostile_trial import DOORS, show
from mmengine.fileio import load
from mmengine.fileio.handlers.registry_utils import file_handlers
from mmengine.registry import MODELS as ROOT_MODELS
from mmengine.registry import DefaultScope
from mmengine.runner import CheckpointLoader, load_checkpoint

from mimseg.checkpoints import (
    DamagedCheckpointError,
    MissingCheckpointError,
    UntrustedCheckpointError,
    guarded,
    read_checkpoint,
)

SHOWN = (
    "os.system zip.pth",
    "eval old.pth",
    "rmtree zip.pth",
    "getattr zip.pth",
    "root.pth",
    "in state.pth",
    "in meta.pth",
    "as key.pth",
    "200 deep.pth",
    "raw pickle 4.pth",
    "tar.pth",
    "torchscript.pt",
    "named.safetensors",
    "header of 1 GB.safetensors",
    "array.npy",
)


@pytest.mark.parametrize("name", SHOWN)
def test_no_door_runs_code(tmp_path, name):
    endings = show(write(tmp_path, name))
    assert endings.keys() == DOORS.keys()
    bad = {door: ending for door, ending in endings.items() if ending[0] != "one line"}
    assert not bad or set(bad.values()) == {("read", "")}, bad


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_every_file_at_every_door(tmp_path, name):
    endings = show(write(tmp_path, name))
    assert {ending for ending, _ in endings.values()} <= {"read", "one line"}, endings


def test_the_payloads_do_run_where_they_are_trusted(tmp_path):
    """Or the tests above would show nothing."""
    (tmp_path / "victim").mkdir()
    read_checkpoint(write(tmp_path, "os.mkdir zip.pth"), trust=True)
    assert (tmp_path / "ran").is_dir()
    read_checkpoint(write(tmp_path, "rmtree old.pth"), trust=True)
    assert not (tmp_path / "victim").exists()
    assert len(with_payload()) > 30


@pytest.fixture
def payload(tmp_path):
    yield Call(os.mkdir, str(tmp_path / "ran"))
    assert not (tmp_path / "ran").exists()


def test_annotations_are_data(tmp_path, payload):
    (tmp_path / "train.pkl").write_bytes(pickle.dumps({"data_list": payload}))
    (tmp_path / "train.yaml").write_text(f"a: !!python/object/apply:os.mkdir ['{tmp_path / 'ran'}']\n")
    (tmp_path / "plain.yaml").write_text("a: [1, 2]\n")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    np.save(tmp_path / "tree.npy", np.array([payload], dtype=object), allow_pickle=True)
    np.save(tmp_path / "plain.npy", np.arange(3))
    with guarded():
        for name, kind in (
            ("train.pkl", UntrustedCheckpointError),
            ("train.yaml", UntrustedCheckpointError),
            ("deep.json", DamagedCheckpointError),
        ):
            with pytest.raises(kind, match=str(tmp_path / name)) as error:
                load(str(tmp_path / name))
            assert "\n" not in str(error.value)
        assert load(str(tmp_path / "plain.yaml")) == {"a": [1, 2]}
        with pytest.raises(UntrustedCheckpointError, match="tree.npy"):
            np.load(tmp_path / "tree.npy", allow_pickle=True)
        assert np.load(tmp_path / "plain.npy", allow_pickle=True).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/a.pth",
        "torchvision://resnet50",
        "open-mmlab://resnet50",
        "mmcls://resnet50",
        "s3://bucket/a.pth",
        "gs://bucket/a.pth",
    ],
)
def test_addresses_are_refused(address):
    with guarded(), pytest.raises(MissingCheckpointError, match=f"{address} is no local file.*name the file"):
        load_checkpoint(torch.nn.Linear(1, 1), address)


def test_nothing_asks_the_network(monkeypatch):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was asked"))
    with guarded():
        with pytest.raises(MissingCheckpointError, match="https://example.org/a.pth was to be downloaded"):
            torch.hub.load_state_dict_from_url("https://example.org/a.pth", model_dir="/nowhere")
        with pytest.raises(MissingCheckpointError, match="http://example.org"):
            urllib.request.urlopen("http://example.org")
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        with pytest.raises(LocalEntryNotFoundError):
            hf_hub_download("timm/no_such_model", "model.safetensors")


def test_a_head_of_another_library_loads_by_the_allow_list(tmp_path, payload):
    pytest.importorskip("mmseg.models")
    head = dict(type="mmseg.FCNHead", in_channels=4, channels=4, num_classes=2, num_convs=1)

    def built(name):
        with DefaultScope.overwrite_default_scope("mmseg"):
            part = ROOT_MODELS.build({**head, "init_cfg": dict(type="Pretrained", checkpoint=str(tmp_path / name))})
        with guarded():
            part.init_weights()
        return part

    torch.save({"state_dict": {"conv_seg.bias": torch.tensor([1.0, 2.0])}}, tmp_path / "good.pth")
    assert built("good.pth").conv_seg.bias.tolist() == [1, 2]
    torch.save({"state_dict": {"conv_seg.bias": torch.tensor([1.0, float("nan")])}}, tmp_path / "nan.pth")
    with pytest.raises(ValueError, match=r"nan.pth: its conv_seg.bias has 1 NaN"):
        built("nan.pth")
    torch.save({"state_dict": {"conv_seg.bias": payload}}, tmp_path / "bad.pth")
    with pytest.raises(UntrustedCheckpointError, match=r"bad.pth was not loaded: it names .*--trust-checkpoint"):
        built("bad.pth")


def test_volumes_are_not_unpickled(payload):
    io = pytest.importorskip("mmseg.utils.io")
    with guarded(), pytest.raises(UntrustedCheckpointError, match="save it as .npy"):
        io.datafrombytes(pickle.dumps(payload), backend="pickle")
    assert io.pickle is pickle


def test_trust_opens_them(tmp_path):
    torch.save({"x": Call(os.mkdir, str(tmp_path / "ran"))}, tmp_path / "file.pth")
    with guarded(trust=True):
        CheckpointLoader.load_checkpoint(str(tmp_path / "file.pth"), logger=None)
        assert (tmp_path / "ran").exists()
        (tmp_path / "a.pkl").write_bytes(pickle.dumps([1]))
        assert load(str(tmp_path / "a.pkl")) == [1]


def test_afterwards_all_is_as_it_was():
    def looked_at():
        return dict(CheckpointLoader._schemes), dict(file_handlers), torch.load, np.load, urllib.request.urlopen

    def own(filename, map_location):
        return {"filename": filename}

    before = looked_at()
    with pytest.raises(KeyError), guarded():
        with guarded(trust=True):
            assert torch.load is not before[2]
        raise KeyError
    assert looked_at() == before
    with guarded():
        CheckpointLoader.register_scheme("mine://", own)
        assert CheckpointLoader.load_checkpoint("mine://a", logger=None) == {"filename": "mine://a"}
    try:
        assert CheckpointLoader._schemes.pop("mine://") is own  # what a config registers stays
        assert looked_at() == before
    finally:
        CheckpointLoader._schemes.pop("mine://", None)


def test_what_other_libraries_allow_is_not_allowed_here(tmp_path, payload):
    torch.save({"x": payload}, tmp_path / "file.pth")
    with torch.serialization.safe_globals([os.mkdir]):
        with pytest.raises(UntrustedCheckpointError, match="mkdir"):
            read_checkpoint(tmp_path / "file.pth")
        assert os.mkdir in torch.serialization.get_safe_globals()
