"""Show hostile checkpoint files to every door and print what came of it: ``python tools/dev/hostile_corpus.py``."""

import argparse
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "checkpoints")]


def parse_args() -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description="Show the hostile checkpoint files of tests/checkpoints to all doors.")
    parser.add_argument("--only", default="", metavar="TEXT", help="files whose names hold this")
    parser.add_argument("--verbose", action="store_true", help="print what was said of every file at every door")
    return parser.parse_args()


def show_all(args: argparse.Namespace) -> int:
    """Print a row for each door, then the sums; 1 where anything but a line or harmless reading came of a file."""
    from hostile_files import FILES, write  # heavy
    from hostile_trial import DOORS, ENDINGS, show

    warnings.simplefilter("ignore")
    counts = {door: Counter[str]() for door in DOORS}
    started, chosen = time.perf_counter(), [name for name in FILES if args.only in name]
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            endings = show(write(Path(folder), name))
        for door, (ending, said) in endings.items():
            counts[door][ending] += 1
            if args.verbose or ending not in ("read", "one line"):
                print(f"{ending}: {name} at {door}: {said}", flush=True)
    print(f"| door | {' | '.join(ENDINGS)} |\n|{'---|' * (1 + len(ENDINGS))}")
    total = sum(counts.values(), Counter[str]())
    for door, count in [*counts.items(), ("all", total)]:
        print(f"| {door} | {' | '.join(str(count[ending]) for ending in ENDINGS)} |")
    print(
        f"\n{len(chosen)} files x {len(DOORS)} doors in {time.perf_counter() - started:.0f} s: code run "
        f"{total['code run']}, deleted {total['deleted']}, hangs {total['hang']}, unhandled {total['no line']}, "
        f"crashes {total['crash']}"
    )
    return int(not set(total) <= {"read", "one line"})


if __name__ == "__main__":
    sys.exit(show_all(parse_args()))
