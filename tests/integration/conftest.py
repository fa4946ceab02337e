"""A micro HPM run on a folder of small pictures, as a config file for ``tools/train.py``."""

import importlib.util
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer

ROOT = Path(__file__).parents[2]

CONFIG = """
_base_ = [
    "{root}/configs/_base_/models/hpm_vit-micro.py",
    "{root}/configs/_base_/runtime/default.py",
]
custom_imports = dict(imports=["kill_hook"])
model = dict(
    data_preprocessor=dict(type="ImagePreprocessor", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    encoder=dict(arch=dict(embed_dim=32, depth=2, num_heads=2, _delete_=True), drop_path=0.1),
    neck=dict(width=32),
    tasks=dict(
        reconstruct=dict(decoder=dict(depth=1, num_heads=2)),
        predict_loss=dict(decoder=dict(depth=1, num_heads=2)),
    ),
)
train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    collate_fn=dict(type="default_collate"),
    sampler=dict(type="SeededSampler", shuffle=True),
    dataset=dict(
        type="SeededDataset",
        dataset=dict(
            type="UnlabelledFolder",
            data_root="{images}",
            pipeline=[
                dict(type="LoadImage"),
                dict(type="RandomResizedCrop", scale=16, crop_ratio_range=(0.2, 1.0)),
                dict(type="mmpretrain.RandomFlip", prob=0.5),
                dict(type="mmpretrain.PackInputs", meta_keys=("img_path",)),
            ],
        ),
    ),
)
optim_wrapper = dict(optimizer=dict(lr=0.02), clip_grad=dict(max_norm=5.0))
schedule = dict(epochs=3, warmup_epochs=1)
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=3, max_keep_ckpts=2), logger=dict(interval=1)
)
log_processor = dict(window_size=1)
"""

KILL_HOOK = '''
import os
import signal

from mmengine.hooks import Hook

from mimseg.registry import HOOKS


@HOOKS.register_module(force=True)
class KillHook(Hook):
    """SIGKILL this process at the start of an iteration."""

    def __init__(self, iteration):
        self.iteration = iteration

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration:
            os.kill(os.getpid(), signal.SIGKILL)
'''


@pytest.fixture(scope="module")
def micro_config(tmp_path_factory) -> Path:
    """The config file; beside it 64 pictures and a hook that kills its process."""
    folder = tmp_path_factory.mktemp("micro")
    images = folder / "images"
    images.mkdir()
    generator = np.random.default_rng(0)
    for index in range(64):
        small = generator.integers(0, 256, (5, 5, 3), dtype=np.uint8)
        picture = cv2.resize(small, (20, 20), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(images / f"{index:02d}.png"), picture)
    (folder / "kill_hook.py").write_text(KILL_HOOK)
    config = folder / "micro_hpm.py"
    config.write_text(CONFIG.format(root=ROOT, images=images))
    return config


@pytest.fixture
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def run_script(micro_config):
    """Run a script of ``tools/`` in a process of its own."""

    def run(script, *arguments, timeout=280):
        command = [str(ROOT / "tools" / script), *map(str, arguments)]
        if script.endswith(".py"):
            command.insert(0, sys.executable)
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "PYTHON": sys.executable,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(micro_config.parent), os.environ.get("PYTHONPATH", "")]),
        }
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment, cwd=ROOT)

    return run


@pytest.fixture
def call_here(micro_config, monkeypatch, one_thread, capsys):
    """Call a Python script of ``tools/`` in this process, which is quick. Gives exit code, stdout and stderr."""

    def call(script, *arguments):
        spec = importlib.util.spec_from_file_location(f"tools_{Path(script).stem}", ROOT / "tools" / script)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.syspath_prepend(str(micro_config.parent))
        monkeypatch.setattr("mmengine.runner.runner.collect_env", dict)  # takes a second
        monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
        for manager in (
            MessageHub,
            MMLogger,
            Visualizer,
            DefaultScope,
        ):  # global, named by the second
            manager._instance_dict.clear()
        code = module.main()
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def train_here(call_here):
    """Call ``tools/train.py`` in this process."""
    return partial(call_here, "train.py")
