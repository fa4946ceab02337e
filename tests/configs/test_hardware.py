"""The hardware that a header names holds what its config trains, as ``tools/analysis/memory.py`` counts it.

``memory.json`` holds the counts of all configs; it is made by

    python tests/configs/test_hardware.py [CONFIG...]

which counts those that are named, or else those that are not in it or whose settings have changed.
"""

import hashlib
import json
import re
import sys
from functools import cache
from pathlib import Path

import pytest
from config_tree import NAMES, header
from mmengine.config import Config

from mimseg.apis import load_config
from mimseg.apis.run.rows import split_row
from mimseg.benchmark import batch_that_fits, count_memory, fits_gpu, worst
from mimseg.benchmark.memory import GIB, MemoryCount
from mimseg.benchmark.moments import Moment

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("memory.json")
COUNTED_AGAIN = (
    "configs/mae/vitb_200e.py",
    "configs/pass/mae-vitb_200e.py",
    "configs/sbam/mae-vitb_400e_amr.py",
    "configs/fastmim/vitb_400e_kd.py",
)
GPUS = re.compile(r"(\d+) GPUs of (\d+) GB at batch (\d+) each")
MICRO_BATCHES = re.compile(r"or batch (\d+) and accumulative_counts=(\d+) on (\d+) GB")
MORE_GPUS = re.compile(r"or (\d+) of (\d+) GB at batch (\d+) each")
SCALE = re.compile(r"'scale': ([^'}]*)")
NO_SHAPE = frozenset({"weight", "checkpoint", "normalize", "mean", "std", "drop_path", "label_smoothing", "head_std"})
COUNTED_HOOKS = frozenset({"EMAHook"})
ROW = r"[\w.+-]+"
AS_ANOTHER = re.compile(r"as (configs/\S+\.py)")


def hardware_of(name: str) -> str:
    """What a header says of the hardware; of a row of a table what it says behind ``ROW:``, or else of all rows."""
    text = " ".join(header(name).split("Hardware:")[1].split())
    of_all, *own = re.split(rf"(?<![\w:])((?:{ROW}, )*{ROW}): ", text)
    lines = {row: line for rows, line in zip(own[::2], own[1::2], strict=True) for row in rows.split(", ")}
    return lines.get(split_row(name)[1] or "", of_all)


@cache
def named(name: str) -> str:
    """The hardware line that a config's own line comes down to."""
    line = hardware_of(name)
    other = AS_ANOTHER.search(line)
    return line if other is None else named(other.group(1))


@cache
def read(name: str) -> Config:
    return load_config(ROOT / name)


def is_counted(name: str) -> bool:
    """Whether a config trains and needs more than any GPU; only its header is read."""
    return "_train.sh" in header(name) and not named(name).startswith(("any", "one GPU"))


def without_numbers(value):
    """A config without what changes no shape."""
    if isinstance(value, dict):
        return {key: without_numbers(inner) for key, inner in value.items() if key not in NO_SHAPE}
    return [without_numbers(inner) for inner in value] if isinstance(value, list | tuple) else value


def fingerprint(name: str) -> str:
    """Of all that a count depends on."""
    cfg = read(name)
    wrapper, loader = cfg.optim_wrapper, cfg.train_dataloader
    named = (cfg.get("default_hooks") or {}).values()
    hooks = [hook for hook in named if hook is not None and hook.type in COUNTED_HOOKS]
    parts = [cfg.model, cfg.get("schedule"), loader.batch_size, SCALE.findall(str(loader.dataset)), hooks]
    parts += [wrapper.get("precision"), wrapper.get("accumulative_counts"), wrapper.optimizer.type]
    return hashlib.sha256(json.dumps(without_numbers(parts), sort_keys=True).encode()).hexdigest()[:12]


def counts_in(entry: dict) -> list[MemoryCount]:
    """What an entry of the table holds, each kind of step as ``[batch, batches a step, GiB, MiB an image]``."""
    return [
        MemoryCount(
            Moment(0, 0.0, (0, 0), batch, times), round(fixed * GIB), 0, 0, 0, 0, 0, round(batch * image * 2**20), 0
        )
        for batch, times, fixed, image in entry["steps"]
    ]


def as_entry(name: str) -> dict:
    steps = []
    for count in count_memory(name, load_config(ROOT / name)):
        moment = count.moment
        grows = (count.activations + count.temporaries) / moment.batch_size / 2**20
        steps.append([moment.batch_size, moment.accumulative_counts, round(count.fixed / GIB, 2), round(grows, 1)])
    return {"of": fingerprint(name), "steps": steps}


COUNTED = [name for name in NAMES if is_counted(name)]


@cache
def table() -> dict[str, dict]:
    return json.loads(TABLE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", COUNTED)
def test_the_gpus_that_are_named_hold_it(name):
    assert name in table(), f"count it: python {Path(__file__).relative_to(ROOT)} {name}"
    assert table()[name]["of"] == fingerprint(name), f"count it again: python {Path(__file__).relative_to(ROOT)} {name}"
    counts, line = counts_in(table()[name]), named(name)
    found = GPUS.search(line)
    assert found, f"the header does not say 'N GPUs of M GB at batch B each' but {line!r}"
    gpus, memory, batch = map(int, found.groups())
    first = counts[0].moment
    assert first.batch_size == batch
    assert fits_gpu(worst(counts).total, memory), f"{worst(counts).total / GIB:.1f} GiB on {memory} GB"
    images = first.batch_size * first.accumulative_counts
    if found := MICRO_BATCHES.search(line):
        smaller, times, memory = map(int, found.groups())
        assert smaller * times == images
        assert all(fits_gpu(count.at_batch(count.moment.batch_size * smaller // batch), memory) for count in counts)
    if found := MORE_GPUS.search(line):
        more, memory, smaller = map(int, found.groups())
        assert more * smaller == gpus * images
        assert all(fits_gpu(count.at_batch(smaller), memory) for count in counts)


def test_pass_and_its_host_need_different_gpus():
    """MAE keeps 44.3 MiB an image, and from the 18th epoch on PASS's loss predictor 27.6 more."""
    host, chosen = (worst(counts_in(table()[f"configs/{name}/vitb_200e.py"])) for name in ("mae", "hpm"))
    assert fits_gpu(host.total, 32) and not fits_gpu(chosen.total, 32)
    predictor = worst(counts_in(table()["configs/pass/mae-vitb_200e.py"]))
    assert (predictor.total - host.total) / GIB == pytest.approx(512 * 27.6 / 1024, abs=1.0)


def test_the_table_has_no_others():
    assert sorted(table()) == sorted(COUNTED)


def same(entry: dict, other: dict) -> bool:
    return all(a == pytest.approx(b, rel=0.01, abs=0.02) for a, b in zip(entry["steps"], other["steps"], strict=True))


@pytest.mark.parametrize("name", COUNTED_AGAIN)
def test_some_counts_of_the_table_are_todays(name):
    assert same(as_entry(name), table()[name])


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_all_counts_of_the_table_are_todays():
    assert [name for name in COUNTED if not same(as_entry(name), table()[name])] == []


def make_table(names: list[str]) -> None:
    """Count these configs, or those whose entries are missing or old."""
    entries = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else {}
    entries = {name: entries[name] for name in COUNTED if name in entries and name not in names}
    old = names or [name for name in COUNTED if entries.get(name, {}).get("of") != fingerprint(name)]
    for number, name in enumerate(old, 1):
        alike = [entry for entry in entries.values() if entry["of"] == fingerprint(name)]
        entries[name] = alike[0] if alike else as_entry(name)
        lines = [f"{json.dumps(key)}: {json.dumps(entries[key])}" for key in COUNTED if key in entries]
        TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        counts = counts_in(entries[name])
        smaller = batch_that_fits(counts, 32)
        told = "none" if smaller is None else f"{smaller.batch_size} x {smaller.accumulative_counts}"
        print(f"{number} of {len(old)}: {name}: {worst(counts).total / GIB:.1f} GiB; on 32 GB: {told}", flush=True)


if __name__ == "__main__":
    make_table(sys.argv[1:])
