"""``tools/train.py --init``: a run that starts from a file's weights, or one line that says why not."""

import os

import pytest
import torch

from mimseg.checkpoints import read_checkpoint

PATCH, CHANNELS, WIDTH = 4, 3, 32
SHORT = ("--cfg-options", "schedule.epochs=1", "schedule.warmup_epochs=0")


def official(width=WIDTH, depth=2, seed=0):
    """An official MAE encoder, 16 x 16 pixels, of the config's size."""
    import timm

    torch.manual_seed(seed)
    options = dict(img_size=16, patch_size=PATCH, embed_dim=width, depth=depth, num_heads=2, num_classes=0)
    vit = timm.create_model("vit_base_patch16_224", **options)
    from mimseg.checkpoints.adapt import fixed_table

    return {**vit.state_dict(), "pos_embed": fixed_table((4, 4), width)[None]}


@pytest.fixture
def train(train_here, micro_config, tmp_path):
    def run(path, *options):
        code, out, err = train_here(micro_config, "--work-dir", tmp_path / "run", "--init", path, *options)
        return code, out + err

    return run


def test_a_run_starts_from_an_official_encoder(train, tmp_path):
    """At a learning rate of 0 the run ends with the weights that it began with."""
    state = official()
    torch.save({"model": state}, tmp_path / "mae.pth")
    code, output = train(tmp_path / "mae.pth", *SHORT, "optim_wrapper.optimizer.lr=0.0")
    assert code == 0
    assert "encoder                  29/29 loaded" in output
    final = read_checkpoint(max((tmp_path / "run").glob("iter_*.pth"), key=os.path.getmtime))
    for prefix in ("encoder.", "teachers.ema.parts.encoder."):
        assert torch.equal(final["state_dict"][f"{prefix}blocks.1.mlp.fc1.weight"], state["blocks.1.mlp.fc1.weight"])
    assert final["meta"]["mimseg"]["patch_size"] == PATCH and final["meta"]["mimseg"]["heads"]["encoder"] == 2


class Payload:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def wide(path):
    torch.save({"model": official(width=64)}, path)


def deep(path):
    torch.save(official(depth=3), path)


def foreign(path):
    torch.save({"conv1.weight": torch.ones(3)}, path)


def partial(path):
    torch.save({name: tensor for name, tensor in official().items() if "blocks.1" not in name}, path)


def cut(path):
    torch.save(official(), path)
    path.write_bytes(path.read_bytes()[:3000])


def hostile(path):
    torch.save({"model": official(), "payload": Payload(path.with_name("ran"))}, path)


@pytest.mark.parametrize(
    ("write", "complaint"),
    [
        (wide, "of another architecture: encoder.cls_token is (1, 1, 64) in the file and (1, 1, 32) in the model"),
        (deep, "of another architecture: its encoder has encoder.blocks.2"),
        (foreign, "named as in no known format: conv1.weight"),
        (partial, "at least 90% are needed; missing are encoder.blocks.1"),
        (cut, "cannot be read"),
        (lambda path: path.touch(), "is empty"),
        (lambda path: path.mkdir(), "is a folder without model.safetensors"),
        (lambda path: None, "check the path"),
        (hostile, "add --trust-checkpoint"),
    ],
    ids=["wide", "deep", "foreign", "partial", "cut", "empty", "folder", "missing", "hostile"],
)
def test_what_cannot_be_started_from_is_one_line(train, tmp_path, write, complaint):
    write(tmp_path / "start.pth")
    code, output = train(tmp_path / "start.pth", *SHORT)
    assert code == 2
    last = output.strip().splitlines()[-1]
    assert last.startswith("error: ") and complaint in last
    assert "Traceback" not in output
    assert not (tmp_path / "ran").exists()


def test_init_and_a_checkpoint_to_resume_exclude_each_other(train_here, micro_config, capsys):
    with pytest.raises(SystemExit) as end:
        train_here(micro_config, "--init", "a.pth", "--resume", "b.pth")
    assert end.value.code == 2
    assert "give one of the two" in capsys.readouterr().err
