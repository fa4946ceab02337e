"""Start N processes of a script on this machine: ``python tools/launch.py --processes N SCRIPT [arguments]``."""

import argparse
import sys

from mimseg.launcher import Launch


def parse_args() -> argparse.Namespace:
    """Command line; tools/launch.sh fills it in."""
    parser = argparse.ArgumentParser(description="Start the processes of a run on this machine, one a GPU or on CPU.")
    parser.add_argument("--processes", type=int, required=True, metavar="N", help="processes on this machine")
    parser.add_argument("--nodes", type=int, default=1, help="machines of the run, each with N processes")
    parser.add_argument("--node-rank", type=int, default=0, help="number of this machine, from 0")
    parser.add_argument("--master-addr", default="127.0.0.1", help="name of machine 0")
    parser.add_argument("--master-port", default="29500", help="a free port of machine 0")
    parser.add_argument(
        "--grace", type=float, default=600.0, metavar="SECONDS", help="time for a checkpoint after a signal (600)"
    )
    parser.add_argument("script", help="what each process runs")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of the script")
    return parser.parse_args()


def environment(args: argparse.Namespace, local_rank: int) -> dict[str, str]:
    """What tells a process which one it is."""
    return {
        "RANK": str(args.node_rank * args.processes + local_rank),
        "LOCAL_RANK": str(local_rank),
        "WORLD_SIZE": str(args.nodes * args.processes),
        "LOCAL_WORLD_SIZE": str(args.processes),
        "MASTER_ADDR": args.master_addr,
        "MASTER_PORT": args.master_port,
    }


def main() -> int:
    """Exit code 0, or that of the first process that failed; 128 + the number of the signal that ended it."""
    args = parse_args()
    environments = [environment(args, local_rank) for local_rank in range(args.processes)]
    return Launch([sys.executable, args.script, *args.arguments], environments, args.grace).run()


if __name__ == "__main__":
    sys.exit(main())
