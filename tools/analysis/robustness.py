"""How much does a method mind its mask ratio: ``python tools/analysis/robustness.py CONFIG... --out DIR``."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mimseg.command import add_run_options, run_command

if TYPE_CHECKING:
    from mimseg.apis.studies.robustness import Robustness

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
        "--ratios", nargs="+", type=float, default=RATIOS, help=f"default: {' '.join(map(str, RATIOS))}"
    )
    parser.add_argument(
        "--evaluate",
        metavar="CONFIG",
        help="one of configs/knn, configs/linear or configs/finetune (default: what pre-training measures)",
    )
    parser.add_argument(
        "--pimr-from",
        choices=("lowest-value", "lowest-ratio"),
        default="lowest-value",
        help="where PIMR is 0: at the lowest value that was measured (default), or at the value of the lowest ratio",
    )
    parser.add_argument(
        "--evaluate-options", nargs="+", default=[], metavar="KEY=VALUE", help="override entries of the evaluation"
    )
    add_run_options(
        parser,
        "e.g. test/knn/top1_k20 (default: top-1 of the evaluation)",
        "override entries of the pre-trainings",
    )
    return parser.parse_args()


def robustness(args: argparse.Namespace) -> None:
    """Run what is left of the sweep, and report on it."""
    from mimseg.apis.studies.ratio_sweep import RatioSweep  # heavy: after --help
    from mimseg.apis.studies.robustness import Robustness

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
    result = Robustness.of(sweep.collect(args.metric), args.pimr_from)
    for name in result.sweep.missing:
        print(f"not finished: {name}; PIMR may change with it", file=sys.stderr)
    for name, why in result.undefined().items():
        print(f"note: PIMR of {name} is undefined: {why}", file=sys.stderr)
    report(args, result)


def report(args: argparse.Namespace, result: "Robustness") -> None:
    """Print the table; write pimr.json, table.md and curves.png."""
    from mimseg.visualization import draw_robustness, render, save_png

    table = result.table()
    table.show()
    title = f"{result.sweep.metric} over the mask ratio, seed {args.seed}"
    save_png(
        render(draw_robustness(result.sweep.curves, result.own, result.sweep.metric, title)), args.out / "curves.png"
    )
    (args.out / "table.md").write_text(table.markdown(), encoding="utf-8")
    settings = {"evaluate": args.evaluate, "seed": args.seed, "pimr_from": args.pimr_from, "options": args.cfg_options}
    record = json.dumps({**settings, **result.as_json()}, indent=2)
    (args.out / "pimr.json").write_text(f"{record}\n", encoding="utf-8")
    print(f"pimr.json, table.md and curves.png are in {args.out}")


def main() -> int:
    """Exit code 0; 2 after a user's mistake or a failed run, explained in one line; 130 when interrupted."""
    args = parse_args()
    return run_command(lambda: robustness(args), "interrupted; the same command goes on with the sweep")


if __name__ == "__main__":
    sys.exit(main())
