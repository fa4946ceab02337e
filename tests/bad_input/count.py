"""How many wrong commands of the corpus end in one line: ``python tests/bad_input/count.py [PATTERN]``.

Runs the cases of whose "theme tool command" the pattern is true (default: all); prints a table by tool, and what is not
right.
"""

import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from corpus import World, read_cases


def main() -> int:
    """Exit code 0 where all cases end in one line, else 1."""
    wanted = re.compile(" ".join(sys.argv[1:]))
    by_tool: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        total = 0.0
        for case in read_cases():
            if not wanted.search(f"{case.theme} {case.tool} {case.command}"):
                continue
            outcome = world.run(case)
            total += outcome.seconds
            verdict = outcome.verdict(case)
            by_tool.setdefault(case.tool, Counter())[verdict] += 1
            if verdict != "one line":
                shown = world.places(Path("TMP"), case.command)
                print(f"{verdict}: {case.tool} {shown}\n    wanted: {case.line}", flush=True)
                print("    " + "\n    ".join(outcome.stderr.strip().splitlines()[-3:])[-700:], flush=True)
            elif outcome.seconds > 2:
                print(f"{outcome.seconds:.1f} s: {case.tool} {case.command[-100:]}", flush=True)
        world.close()
    verdicts = sorted({verdict for counts in by_tool.values() for verdict in counts})
    print(f"\n{'tool':<40}{'cases':>8}" + "".join(f"{verdict:>16}" for verdict in verdicts))
    for tool, counts in [*by_tool.items(), ("all", sum(by_tool.values(), Counter()))]:
        row = "".join(f"{counts[verdict]:>16}" for verdict in verdicts)
        print(f"{tool:<40}{sum(counts.values()):>8}{row}")
    print(f"{total:.0f} s")
    return int(any(verdict != "one line" for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
