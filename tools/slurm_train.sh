#!/usr/bin/env bash
# Pre-train on a Slurm cluster, one process a GPU.
#   tools/slurm_train.sh PARTITION JOB_NAME CONFIG [N] [arguments of tools/train.py]
# N: total processes (default 8). Environment: GPUS_PER_NODE (default min(8, N); 0 for CPU nodes), CPUS_PER_TASK (default 8),
# SRUN_ARGS (further arguments of srun), MASTER_PORT (default 29500).
set -euo pipefail
if [ $# -lt 3 ]; then
    echo "usage: tools/slurm_train.sh PARTITION JOB_NAME CONFIG [N] [arguments of tools/train.py]" >&2
    exit 2
fi
partition=$1
job=$2
config=$3
shift 3
tasks=8
if [ $# -gt 0 ] && [[ "$1" =~ ^[1-9][0-9]*$ ]]; then
    tasks=$1
    shift
fi

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# PYTHON names another interpreter; without it, the active environment's, else that of .venv.
if [ -z "${PYTHON:-}" ] && [ -z "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] && [ -x "$root/.venv/bin/python" ]; then
    PYTHON=$root/.venv/bin/python
fi
gpus=${GPUS_PER_NODE:-$((tasks < 8 ? tasks : 8))}
per_node=$((gpus > 0 ? gpus : tasks))
gres=()
if [ "$gpus" -gt 0 ]; then
    gres=(--gres=gpu:"$gpus")
fi
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
export MASTER_PORT=${MASTER_PORT:-29500}

# shellcheck disable=SC2086  # SRUN_ARGS holds several arguments
exec srun -p "$partition" --job-name="$job" --ntasks="$tasks" --ntasks-per-node="$per_node" \
    ${gres[@]+"${gres[@]}"} --cpus-per-task="${CPUS_PER_TASK:-8}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$root/tools/train.py" "$config" --launcher slurm "$@"
