#!/usr/bin/env bash
# Pre-train with several processes on this machine, or on several machines.
#   tools/dist_train.sh CONFIG N [arguments of tools/train.py]
# N processes a machine: on the GPUs, or without any on the CPU (gloo). Several machines: run it on each with
# NNODES, NODE_RANK, MASTER_ADDR and PORT set. GRACE: seconds for a checkpoint after a signal (default 600).
set -euo pipefail
# shellcheck source=tools/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
# shellcheck source=tools/launch.sh
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"
is_number "${2:-}" || die_of_usage "tools/dist_train.sh CONFIG N [arguments of tools/train.py]; N is the number of processes"

launch_here "$2" train.py "$1" --launcher pytorch "${@:3}"
