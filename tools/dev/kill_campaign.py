"""Kill micro runs of every method at random moments and inside their writes, resume them, compare: what was lost?

    python tools/dev/kill_campaign.py                                   # all methods, 20 kills each
    python tools/dev/kill_campaign.py --methods hpm upernet --kills 5

Every run is killed by SIGKILL, goes on with the same command (which has --resume) until it is finished, and is compared
with one that was never interrupted: weights with optimizer, averages and random states, best checkpoint, metrics.json,
histories, curves, and the files that are there. Exit code 1 where anything is lost.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from kills.methods import MAE, METHODS, TEACHER


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--methods", nargs="+", choices=METHODS, default=list(METHODS), metavar="METHOD", help=", ".join(METHODS)
    )
    parser.add_argument("--kills", type=int, default=20, help="of each method (default: 20)")
    parser.add_argument("--seed", type=int, default=0, help="of where they are killed")
    parser.add_argument("--dir", type=Path, help="work here and keep what was lost (default: a temporary folder)")
    parser.add_argument("--processes", type=int, default=2, help="trials at a time (default: 2)")
    parser.add_argument("--json", type=Path, help="write every trial here")
    return parser.parse_args()


def prepare(place: Path) -> None:
    """Import all that runs need, once, and write scenes and the teacher that they read."""
    import mmdet.apis  # noqa: F401
    import mmengine.runner.runner
    import mmseg.apis  # noqa: F401
    import torch
    from kills import trial  # noqa: F401

    from mimseg.apis import load_config
    from mimseg.datasets.scenes import write_scenes
    from mimseg.registry import MODELS

    torch.set_num_threads(1)
    mmengine.runner.runner.collect_env = dict  # takes a second
    write_scenes(place / "data" / "scenes", train=40, val=20, size=(64, 64))
    if not (place / "data" / "scenes_objects").exists():
        (place / "data" / "scenes_objects").symlink_to("scenes")
    if not (place / TEACHER).exists():
        cfg = load_config(MAE.write(place / "teacher.py")).model
        torch.manual_seed(3)
        torch.save({"state_dict": MODELS.build({**cfg, "_scope_": "mimseg"}).state_dict(), "meta": {}}, place / TEACHER)


def reference_of(place: Path, name: str) -> tuple[list, float]:
    """Train a method without interruption; gives what it did to files, and its seconds."""
    import shutil

    from kills.children import start

    folder = place / name
    folder.mkdir(exist_ok=True)
    shutil.rmtree(folder / "reference", ignore_errors=True)
    config, log = METHODS[name].write(folder / "config.py"), folder / "reference.txt"
    command = [str(config), "--work-dir", str(folder / "reference"), "--resume"]
    outcome = start(place, command, folder / "reference", log, METHODS[name].processes)
    if outcome.code != 0:
        raise RuntimeError(f"{name}: the run that nobody killed ended with {outcome.code}; see {log}")
    return outcome.events, outcome.seconds


def run_plan(arguments: tuple) -> "object":
    """One trial, in a process of the pool."""
    from kills.trial import run_trial

    place, plan = arguments
    return run_trial(place, METHODS[plan.method], plan)


def campaign(place: Path, names: Sequence[str], kills: int, seed: int, processes: int) -> list:
    """All trials of some methods."""
    from kills.trial import make_plans

    prepare(place)
    results = []
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        references = dict(zip(names, pool.map(reference_of, [place] * len(names), names), strict=True))
        for name, (events, seconds) in references.items():
            generator = random.Random(f"{seed} {name}")
            plans = make_plans(name, METHODS[name], events, seconds, kills, generator)
            for result in pool.map(run_plan, [(place, plan) for plan in plans]):
                results.append(result)
                verdict = "nothing lost" if not result.lost else f"LOST {', '.join(result.lost)}"
                print(f"{name}: {result.kill}: {verdict}, {result.seconds:.1f} s", flush=True)
                for line in result.details[:5]:
                    print(f"    {line}", flush=True)
    return results


def table(results: list) -> str:
    """Survived / tried, by method and aspect."""
    from kills.compare import ASPECTS

    columns = [*ASPECTS, "workers"]
    lines = ["| method | kills | " + " | ".join(columns) + " | all | s/kill |", "|---" * (len(columns) + 4) + "|"]
    names = list(dict.fromkeys(result.method for result in results))
    for name in [*names, "all"]:
        own = [result for result in results if name in (result.method, "all")]
        cells = [f"{sum(column not in result.lost for result in own)}/{len(own)}" for column in columns]
        whole = f"{sum(not result.lost for result in own)}/{len(own)}"
        seconds = sum(result.seconds for result in own) / max(len(own), 1)
        killed = sum(result.killed for result in own)
        lines.append(f"| {name} | {killed} | " + " | ".join(cells) + f" | {whole} | {seconds:.1f} |")
    return "\n".join(lines)


def main() -> int:
    """Exit code 0 where nothing was lost."""
    args = parse_args()
    began = time.monotonic()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as temporary:
        place = (args.dir or Path(temporary)).resolve()
        place.mkdir(parents=True, exist_ok=True)
        results = campaign(place, args.methods, args.kills, args.seed, args.processes)
    print(table(results))
    print(f"{time.monotonic() - began:.0f} s in all")
    if args.json is not None:
        args.json.write_text(json.dumps([result.as_dict() for result in results], indent=2) + "\n", encoding="utf-8")
    return int(any(result.lost for result in results))


if __name__ == "__main__":
    sys.exit(main())
