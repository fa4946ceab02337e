"""Which learning rate and layer decay: ``python tools/analysis/grid_search.py CONFIG --init CHECKPOINT --out DIR``."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from mimseg.arguments import count, number, output_folder, seed
from mimseg.command import run_command

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
        "--out", type=output_folder, required=True, metavar="DIR", help="folder of all runs and of the results"
    )
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
    parser.add_argument(
        "--metric", metavar="NAME", help="e.g. val/end/accuracy/top5 (default: top-1, box AP or mIoU at the end)"
    )
    parser.add_argument("--seed", type=seed, default=0, help="of every run (default: 0)")
    parser.add_argument("--processes", type=count, default=1, help="of every run, on this machine (default: 1)")
    parser.add_argument("--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="override config entries")
    parser.add_argument("--collect-only", action="store_true", help="run nothing: results of what has finished")
    args = parser.parse_args()
    return args


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
    report(args, runs, grid)
    print(f"best: {named(grid.best)}, {grid.metric} {grid.values[grid.best]:.2f}")
    for name in grid.open_ends:
        print(f"note: the best {name} is at the border of the grid; add a value beyond it", file=sys.stderr)


def report(args: argparse.Namespace, runs: Any, grid: Any) -> None:
    """Print the table; write grid.json, table.md and heat_map.png."""
    import numpy as np

    from mimseg.checkpoints.run_file import as_one_file
    from mimseg.visualization import render, save_png
    from mimseg.visualization.grid_map import draw_grid_map

    values = np.array([[grid.values.get((rate, decay), np.nan) for rate in runs.rates] for decay in runs.decays])
    header = ["layer decay", *(f"lr {rate:g}" for rate in runs.rates)]
    starred, bold = (
        [[f"{decay:g}", *(cell(grid, (rate, decay), best) for rate in runs.rates)] for decay in runs.decays]
        for best in ("{}*", "**{}**")
    )
    show(grid.metric, header, starred)
    lines = [header, ["--:"] * len(header), *bold]
    title = [Path(as_one_file(args.config)).stem, f"{grid.metric}, seed {args.seed}", f"from {args.init}"]
    figure = draw_grid_map(values, ("layer decay", runs.decays), ("base learning rate", runs.rates), grid.metric, title)
    save_png(render(figure), args.out / "heat_map.png")
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    (args.out / "table.md").write_text(f"{grid.metric}:\n\n{table}", encoding="utf-8")
    (args.out / "grid.json").write_text(json.dumps(as_json(args, grid), indent=2) + "\n", encoding="utf-8")
    print(f"grid.json, table.md and heat_map.png are in {args.out}")


def cell(grid: Any, pair: tuple[float, float], best: str) -> str:
    """A number of the table; ``best`` is the pattern of the best."""
    if pair not in grid.values:
        return "-"
    text = f"{grid.values[pair]:.2f}"
    return best.format(text) if pair == grid.best else text


def as_json(args: argparse.Namespace, grid: Any) -> dict[str, Any]:
    """Everything as data."""

    def entry(pair: tuple[float, float], **more: Any) -> dict[str, Any]:
        return {"lr": pair[0], "layer_decay": pair[1], **more}

    return {
        "config": args.config,
        "init": args.init,
        "seed": args.seed,
        "options": args.cfg_options,
        "metric": grid.metric,
        "best": entry(grid.best, value=grid.values[grid.best]),
        "runs": [entry(pair, value=value) for pair, value in grid.values.items()],
        "missing": [entry(pair) for pair in grid.missing],
    }


def show(title: str, header: list[str], rows: list[list[str]]) -> None:
    """Print the table, the best value with a star."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{title} (* best)")
    for name in header:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = Console() if sys.stdout.isatty() else Console(width=40 + 14 * len(header))
    console.print(table)


def main() -> int:
    """Exit code 0; 2 after a user's mistake or a failed run, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: search(args), "interrupted; the same command goes on with the search")


if __name__ == "__main__":
    sys.exit(main())
