"""bf16 trains on a CPU, fp16 is refused there."""

import json

import pytest
import torch

from mimseg.checkpoints import read_checkpoint


def test_bf16_on_a_cpu_trains_like_fp32(train_here, micro_config, tmp_path):
    for name, options in (("fp32", []), ("bf16", ["--amp"])):
        code, _, errors = train_here(micro_config, "--work-dir", tmp_path / name, *options)
        assert code == 0, errors
    losses = {}
    for name in ("fp32", "bf16"):
        path = next((tmp_path / name).glob("*/vis_data/2*.json"))
        losses[name] = [json.loads(line)["loss_reconstruct"] for line in path.read_text().splitlines()]
    assert losses["bf16"] != losses["fp32"]
    assert losses["bf16"] == pytest.approx(losses["fp32"], rel=0.03)
    state = read_checkpoint(tmp_path / "bf16" / "iter_24.pth")["state_dict"]
    assert {value.dtype for value in state.values() if value.is_floating_point()} == {torch.float32}


@pytest.mark.skipif(torch.cuda.is_available(), reason="fp16 is allowed there")
def test_fp16_on_a_cpu_is_refused_in_one_line(train_here, micro_config, tmp_path):
    code, _, errors = train_here(micro_config, "--work-dir", tmp_path, "--amp", "fp16")
    assert code == 2
    assert errors == (
        "error: optim_wrapper.precision='fp16' needs a GPU, this run is on cpu; use 'bf16' (--amp bf16) or 'fp32'\n"
    )
