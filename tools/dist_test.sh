#!/usr/bin/env bash
# Test a checkpoint with several processes on this machine, or on several machines.
#   tools/dist_test.sh CONFIG CHECKPOINT N [arguments of tools/test.py]
# N processes a machine: on the GPUs, or without any on the CPU (gloo). Several machines: run it on each with
# NNODES, NODE_RANK, MASTER_ADDR and PORT set. GRACE: seconds for a checkpoint after a signal (default 600).
set -euo pipefail
# shellcheck source=tools/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
# shellcheck source=tools/launch.sh
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"
is_number "${3:-}" ||
    die_of_usage "tools/dist_test.sh CONFIG CHECKPOINT N [arguments of tools/test.py]; N is the number of processes"

launch_here "$3" test.py "$1" "$2" --launcher pytorch "${@:4}"
