#!/usr/bin/env bash
# Pre-train on a Slurm cluster, one process a GPU.
#   tools/slurm_train.sh PARTITION JOB_NAME CONFIG [N] [arguments of tools/train.py]
# N: total processes (default 8). Environment: GPUS_PER_NODE (default min(8, N); 0 for CPU nodes), CPUS_PER_TASK (default 8),
# SRUN_ARGS (further arguments of srun), MASTER_PORT (default 29500).
set -euo pipefail
# shellcheck source=tools/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
# shellcheck source=tools/launch.sh
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"
[ $# -ge 3 ] || die_of_usage "tools/slurm_train.sh PARTITION JOB_NAME CONFIG [N] [arguments of tools/train.py]"

tasks=8
arguments=("${@:4}")
if is_number "${4:-}"; then
    tasks=$4
    arguments=("${@:5}")
fi
launch_on_slurm "$1" "$2" "$tasks" train.py "$3" --launcher slurm ${arguments[@]+"${arguments[@]}"}
