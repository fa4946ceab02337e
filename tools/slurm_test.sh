#!/usr/bin/env bash
# Test a checkpoint on a Slurm cluster, one process a GPU.
#   tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [N] [arguments of tools/test.py]
# N: total processes (default 8). Environment: GPUS_PER_NODE (default min(8, N); 0 for CPU nodes), CPUS_PER_TASK (default 8),
# SRUN_ARGS (further arguments of srun), MASTER_PORT (default 29500).
set -euo pipefail
# shellcheck source=tools/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
# shellcheck source=tools/launch.sh
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"
[ $# -ge 4 ] || die_of_usage "tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [N] [arguments of tools/test.py]"

tasks=8
arguments=("${@:5}")
if is_number "${5:-}"; then
    tasks=$5
    arguments=("${@:6}")
fi
launch_on_slurm "$1" "$2" "$tasks" test.py "$3" "$4" --launcher slurm ${arguments[@]+"${arguments[@]}"}
