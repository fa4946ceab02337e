"""ImageNet's number of images: everything about a selection but the forward passes takes little memory."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMAGENET = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    import torch
    from mimseg.datasets import SeededSampler
    from mimseg.selection import RandomSelector, make_plan
    from mimseg.selection.records import record_path, save_scores, save_table
    from mimseg.selection.scoring_pass import keep_first, rank, score_without_images

    def mebibytes(name):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024

    class Index:
        def __len__(self):
            return 1_281_167

        def get_data_info(self, index):
            return {"img_path": f"train/{index}.JPEG"}

    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here on, not from the imports
    before = mebibytes("VmRSS")
    dataset = Index()
    plan = make_plan(len(dataset), 200, 20, 20, budget=0.37)
    sampler = SeededSampler(dataset, seed=0, multiple_of=4096)
    scores = score_without_images(RandomSelector(), None, len(dataset), 0, 1).numpy()
    order = rank(scores)
    kept = keep_first(order, plan.kept)
    save_scores(record_path(sys.argv[1], 1, ".npz"), 20, scores, kept)
    save_table(record_path(sys.argv[1], 1, ".csv"), dataset, scores, order, len(kept))
    sampler.set_subset(torch.from_numpy(kept))
    subset = sum(1 for _ in sampler)
    sampler.set_subset(None)
    full = sum(1 for _ in sampler)
    assert (subset, full) == (len(kept) // 4096 * 4096, len(dataset) // 4096 * 4096)
    print(mebibytes("VmHWM") - before)
    """
)


@pytest.mark.slow
def test_imagenet_takes_little_memory(tmp_path):
    """A round of 1,281,167 scores: noise, rank, save, table, and an epoch of the subset and of the full set."""
    command = [sys.executable, "-c", IMAGENET, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    assert 10 < float(done.stdout.split()[-1]) < 500  # MiB
