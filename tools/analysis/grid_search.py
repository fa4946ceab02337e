"""Which learning rate and layer decay: ``python tools/analysis/grid_search.py CONFIG --init CHECKPOINT --out DIR``."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mimseg.arguments import number
from mimseg.command import add_run_options, run_command

if TYPE_CHECKING:
    from mimseg.apis.studies.grid_search import Grid

RATES = (5e-4, 1e-3, 2e-3)
DECAYS = (0.65, 0.75, 0.85)


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Fine-tune at every pair of learning rate and layer decay from one checkpoint, as in FastMIM's "
        "figure 6. Writes grid.json, table.md and heat_map.png. The same command goes on with an interrupted search."
    )
    parser.add_argument("config", help="config of a classifier, detector or segmentor with layer decay")
    parser.add_argument("--init", required=True, metavar="CHECKPOINT", help="weights that every run starts from")
    parser.add_argument(
        "--lr",
        nargs="+",
        type=number(above=0),
        default=RATES,
        help="values of optim_wrapper.optimizer.lr, the base rate where the config scales it by the batch (default: "
        f"{' '.join(f'{rate:g}' for rate in RATES)})",
    )
    parser.add_argument(
        "--layer-decay",
        nargs="+",
        type=number(above=0, most=1),
        default=DECAYS,
        help=f"default: {' '.join(map(str, DECAYS))}",
    )
    add_run_options(
        parser,
        "e.g. val/end/accuracy/top5 (default: top-1, box AP or mIoU at the end)",
        "override config entries",
    )
    return parser.parse_args()


def search(args: argparse.Namespace) -> None:
    """Run what is left of the search, and report on it."""
    from mimseg.apis.studies.grid_search import GridSearch, named  # heavy: after --help

    runs = GridSearch(
        args.config,
        args.init,
        args.lr,
        args.layer_decay,
        args.out,
        Path(__file__).parents[1],
        seed=args.seed,
        options=args.cfg_options,
        processes=args.processes,
    )
    if not args.collect_only:
        runs.run(lambda line: print(line, flush=True))
    grid = runs.collect(args.metric)
    for pair in grid.missing:
        print(f"not finished: {named(pair)}; the best may change with it", file=sys.stderr)
    report(args, grid)
    print(f"best: {named(grid.best)}, {grid.metric} {grid.values[grid.best]:.2f}")
    for name in grid.open_ends:
        print(f"note: the best {name} is at the border of the grid; add a value beyond it", file=sys.stderr)


def report(args: argparse.Namespace, grid: "Grid") -> None:
    """Print the table; write grid.json, table.md and heat_map.png."""
    import numpy as np

    from mimseg.checkpoints.run_file import as_one_file
    from mimseg.visualization import draw_grid_search, render, save_png

    grid.table().show()
    values = np.array([[grid.values.get((rate, decay), np.nan) for rate in grid.rates] for decay in grid.decays])
    title = [Path(as_one_file(args.config)).stem, f"{grid.metric}, seed {args.seed}", f"from {args.init}"]
    sides = ("layer decay", grid.decays), ("base learning rate", grid.rates)
    save_png(render(draw_grid_search(values, *sides, grid.metric, title)), args.out / "heat_map.png")
    (args.out / "table.md").write_text(f"{grid.metric}:\n\n{grid.table('**{}**').markdown()}", encoding="utf-8")
    settings = {"config": args.config, "init": args.init, "seed": args.seed, "options": args.cfg_options}
    record = json.dumps({**settings, **grid.as_json()}, indent=2)
    (args.out / "grid.json").write_text(f"{record}\n", encoding="utf-8")
    print(f"grid.json, table.md and heat_map.png are in {args.out}")


def main() -> int:
    """Exit code 0; 2 after a user's mistake or a failed run, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: search(args), "interrupted; the same command goes on with the search")


if __name__ == "__main__":
    sys.exit(main())
