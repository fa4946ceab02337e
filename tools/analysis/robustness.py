"""How much does a method mind its mask ratio: ``python tools/analysis/robustness.py CONFIG... --out DIR``."""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

from mimseg.arguments import count, output_folder, seed
from mimseg.command import run_command

Curves = dict[str, dict[float, float]]  # values by model and mask ratio
RATIOS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.9)


def parse_args() -> argparse.Namespace:
    """Command line; imports nothing heavy, so that ``--help`` answers at once."""
    parser = argparse.ArgumentParser(
        description="Pre-train at several mask ratios, evaluate, and compare by PIMR (SBAM): where the metric lies "
        "between its worst and its best ratio. Writes pimr.json, table.md and curves.png. The same command goes on "
        "with an interrupted sweep."
    )
    parser.add_argument("configs", nargs="+", metavar="CONFIG", help="configs of pre-trainings, one a model")
    parser.add_argument(
        "--out", type=output_folder, required=True, metavar="DIR", help="folder of all runs and of the results"
    )
    parser.add_argument(
        "--ratios", nargs="+", type=float, default=RATIOS, help=f"default: {' '.join(map(str, RATIOS))}"
    )
    parser.add_argument(
        "--evaluate",
        metavar="CONFIG",
        help="one of configs/knn, configs/linear or configs/finetune (default: what pre-training measures)",
    )
    parser.add_argument("--metric", metavar="NAME", help="e.g. test/knn/top1_k20 (default: top-1 of the evaluation)")
    parser.add_argument(
        "--pimr-from",
        choices=("lowest-value", "lowest-ratio"),
        default="lowest-value",
        help="where PIMR is 0: at the lowest value that was measured (default), or at the value of the lowest ratio",
    )
    parser.add_argument("--seed", type=seed, default=0, help="of pre-training and evaluation (default: 0)")
    parser.add_argument("--processes", type=count, default=1, help="of every run, on this machine (default: 1)")
    parser.add_argument(
        "--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", help="override entries of the pre-trainings"
    )
    parser.add_argument(
        "--evaluate-options", nargs="+", default=[], metavar="KEY=VALUE", help="override entries of the evaluation"
    )
    parser.add_argument("--collect-only", action="store_true", help="run nothing: results of what has finished")
    args = parser.parse_args()
    return args


def robustness(args: argparse.Namespace) -> None:
    """Run what is left of the sweep, and report on it."""
    from mimseg.apis.studies.ratio_sweep import RatioSweep  # heavy: after --help

    sweep = RatioSweep(
        args.configs,
        args.ratios,
        args.out,
        Path(__file__).parents[1],
        evaluate=args.evaluate,
        seed=args.seed,
        options=args.cfg_options,
        evaluate_options=args.evaluate_options,
        processes=args.processes,
    )
    if not args.collect_only:
        sweep.run(lambda line: print(line, flush=True))
    result = sweep.collect(args.metric)
    for name in result.missing:
        print(f"not finished: {name}; PIMR may change with it", file=sys.stderr)
    report(args, result)


def report(args: argparse.Namespace, sweep: Any) -> None:
    """Print the table; write pimr.json, table.md and curves.png."""
    from mimseg.visualization import render, save_png
    from mimseg.visualization.robustness import draw_robustness

    curves = sweep.curves
    own, together = compare(curves, args.pimr_from)
    for name, curve in own.items():
        if all(math.isnan(value) for value in curve.values()):
            why = (
                "only one mask ratio has finished" if len(curve) == 1 else f"{sweep.metric} is equal at all mask ratios"
            )
            print(f"note: PIMR of {name} is undefined: {why}", file=sys.stderr)
    ratios = sorted({ratio for curve in curves.values() for ratio in curve})
    header = ["model", "mask ratio", *(f"{ratio:g}" for ratio in ratios)]
    rows = []
    for name, curve in curves.items():
        shown = ((sweep.metric, curve, 2), ("PIMR", own[name], 3), ("Global PIMR", together[name], 3))
        for what, values, digits in shown if len(curves) > 1 else shown[:2]:
            cells = [f"{values[ratio]:.{digits}f}" if ratio in values else "-" for ratio in ratios]
            rows.append([name, what, *cells])
    show(header, rows)
    every = [value for curve in curves.values() for value in curve.values()]
    title = f"{sweep.metric} over the mask ratio, seed {args.seed}"
    figure = draw_robustness(curves, own, (min(every), max(every)), sweep.metric, title)
    save_png(render(figure), args.out / "curves.png")
    (args.out / "table.md").write_text(markdown(header, rows), encoding="utf-8")
    (args.out / "pimr.json").write_text(
        json.dumps(as_json(args, sweep, own, together), indent=2) + "\n", encoding="utf-8"
    )
    print(f"pimr.json, table.md and curves.png are in {args.out}")


def compare(curves: Curves, origin: Any) -> tuple[Curves, Curves]:
    """PIMR and Global PIMR by model and mask ratio."""
    from mimseg.apis.studies.robustness import global_pimr, pimr

    values = {name: list(curve.values()) for name, curve in curves.items()}
    together = global_pimr(values, origin)
    return (
        {name: dict(zip(curve, pimr(values[name], origin), strict=True)) for name, curve in curves.items()},
        {name: dict(zip(curve, together[name], strict=True)) for name, curve in curves.items()},
    )


def as_json(args: argparse.Namespace, sweep: Any, own: Curves, together: Curves) -> dict[str, Any]:
    """Everything as data; an undefined PIMR is null."""
    models = {
        name: [
            {
                "ratio": ratio,
                "value": value,
                "pimr": None if math.isnan(own[name][ratio]) else own[name][ratio],
                "global_pimr": None if math.isnan(together[name][ratio]) else together[name][ratio],
            }
            for ratio, value in curve.items()
        ]
        for name, curve in sweep.curves.items()
    }
    settings = {"metric": sweep.metric, "evaluate": args.evaluate, "seed": args.seed, "pimr_from": args.pimr_from}
    return {**settings, "options": args.cfg_options, "models": models, "missing": sweep.missing}


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---", "---"] + ["--:"] * (len(header) - 2), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def show(header: list[str], rows: list[list[str]]) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    for number, name in enumerate(header):
        table.add_column(name, justify="left" if number < 2 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*map(escape, row))
    console = Console() if sys.stdout.isatty() else Console(width=80 + 10 * len(header))
    console.print(table)


def main() -> int:
    """Exit code 0; 2 after a user's mistake or a failed run, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: robustness(args), "interrupted; the same command goes on with the sweep")


if __name__ == "__main__":
    sys.exit(main())
