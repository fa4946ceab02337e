"""A run killed with SIGKILL ends, once resumed, with the weights of one never interrupted, bit for bit."""

import signal

import torch

from mimseg.checkpoints import read_checkpoint


def same(a, b, path="") -> list[str]:
    """Paths where two checkpoints differ."""
    if isinstance(a, dict):
        assert a.keys() == b.keys(), path
        return [p for key in a for p in same(a[key], b[key], f"{path}.{key}")]
    if isinstance(a, (list, tuple)):
        assert len(a) == len(b), path
        return [p for i, (x, y) in enumerate(zip(a, b, strict=True)) for p in same(x, y, f"{path}[{i}]")]
    equal = torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b
    return [] if equal else [path]


def test_killed_within_an_epoch_and_resumed_is_bit_identical(run_script, train_here, micro_config, tmp_path):
    """8 iterations an epoch, a checkpoint every 3, killed at 14: resumes from 12, within the second epoch."""
    killing = tmp_path / micro_config.name  # a run goes on under the name of its config
    killing.write_text(
        f'_base_ = "{micro_config}"\n'
        'custom_hooks = _base_.custom_hooks + [dict(type="KillHook", iteration=14)]\n'
        "train_dataloader = dict(num_workers=1)\n"
    )
    killed = run_script("train.py", killing, "--work-dir", tmp_path / "killed")
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    assert sorted(p.name for p in (tmp_path / "killed").glob("*.pth")) == ["iter_12.pth", "iter_9.pth"]

    code, output, errors = train_here(micro_config, "--work-dir", tmp_path / "killed", "--resume")
    assert code == 0, errors
    assert "resumed epoch: 1, iter: 12" in output

    code, _, errors = train_here(micro_config, "--work-dir", tmp_path / "straight")
    assert code == 0, errors
    checkpoints = [read_checkpoint(tmp_path / name / "iter_24.pth") for name in ("killed", "straight")]
    for part in ("state_dict", "optimizer", "rng_states", "param_schedulers"):
        assert same(checkpoints[0][part], checkpoints[1][part]) == []
    weights = checkpoints[0]["state_dict"]
    teacher = {
        name.removeprefix("teachers.ema.parts."): weights[name]
        for name in weights
        if name.startswith("teachers.ema.parts.")
    }
    followed = teacher.keys() & weights.keys()
    assert followed, "the EMA teacher is part of the checkpoint"
    assert any(not torch.equal(teacher[name], weights[name]) for name in followed)


def test_nothing_to_resume_starts_from_scratch(train_here, micro_config, tmp_path):
    code, output, _ = train_here(
        micro_config, "--work-dir", tmp_path / "new", "--resume", "--cfg-options", "schedule.epochs=1",
        "schedule.warmup_epochs=0",
    )  # fmt: skip
    assert code == 0
    assert f"nothing to resume in {tmp_path / 'new'}: starting from scratch" in output
    assert (tmp_path / "new" / "iter_8.pth").is_file()


class Payload:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_hostile_checkpoint_ends_in_one_line_and_does_not_run(train_here, micro_config, tmp_path):
    hostile, ran = tmp_path / "hostile.pth", tmp_path / "payload-ran"
    torch.save({"state_dict": {}, "x": Payload(ran)}, hostile)
    code, _, errors = train_here(micro_config, "--work-dir", tmp_path / "run", "--resume", hostile)
    assert code == 2
    assert errors.strip().count("\n") == 0
    assert errors.startswith(f"error: {hostile} was not loaded")
    assert "--trust-checkpoint" in errors
    assert not ran.exists()


TURNS = """
_base_ = "./{micro}"
_decoder = dict(type="TransformerDecoder", depth=1, num_heads=2)
_target = dict(type="AttentionTarget", teacher="ema", block=1, head=0)
model = dict(
    masking=dict(score=None, policy=dict(type="RandomPolicy", _delete_=True)),
    tasks=dict(
        predict_loss=None,
        attention=dict(type="Task", decoder=_decoder, target=_target, loss=dict(type="PatchMSE")),
    ),
    alternate=("reconstruct", "attention"),
)
"""


def test_tasks_that_take_turns_go_on_with_the_right_one(train_here, micro_config, tmp_path):
    """24 steps, 12 of each task; resumed after 21 of them, the next one is attention's."""
    config = micro_config.with_name("turns.py")
    config.write_text(TURNS.format(micro=micro_config.name))
    code, _, errors = train_here(config, "--work-dir", tmp_path / "straight")
    assert code == 0, errors
    straight = read_checkpoint(tmp_path / "straight" / "iter_24.pth")
    steps = [int(state["step"]) for state in straight["optimizer"]["state"].values()]
    assert set(steps) == {12, 24}, "decoders take every other step, the encoder all"
    (tmp_path / "resumed").mkdir()
    (tmp_path / "straight" / "iter_21.pth").rename(tmp_path / "resumed" / "iter_21.pth")
    code, output, errors = train_here(config, "--work-dir", tmp_path / "resumed", "--resume")
    assert code == 0 and "iter: 21" in output, errors
    resumed = read_checkpoint(tmp_path / "resumed" / "iter_24.pth")
    for part in ("state_dict", "optimizer"):
        assert same(resumed[part], straight[part]) == []
