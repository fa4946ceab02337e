# What the launch scripts share; they source it. Finds the interpreter and starts N processes here or on Slurm.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# PYTHON names another interpreter; without it, the active environment's, else that of .venv.
if [ -z "${PYTHON:-}" ] && [ -z "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] && [ -x "$root/.venv/bin/python" ]; then
    PYTHON=$root/.venv/bin/python
fi
python=${PYTHON:-python}
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"

is_number() { [[ "${1:-}" =~ ^[1-9][0-9]*$ ]]; }

die_of_usage() {
    echo "usage: $1" >&2
    exit 2
}

# N processes a machine: on the GPUs, or without any on the CPU (gloo). Several machines: run it on each with
# NNODES, NODE_RANK, MASTER_ADDR and PORT set. GRACE: seconds for a checkpoint after a signal (default 600).
launch_here() { # N script arguments...
    local processes=$1 script=$2 cores share
    shift 2
    if [ -z "${PORT:-}" ]; then
        if [ "${NNODES:-1}" -gt 1 ]; then
            PORT=29500
        else
            PORT=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
        fi
    fi
    cores=$("$python" -c 'import os; print(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())')
    share=$((cores / processes))
    export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((share > 1 ? share : 1))}
    exec "$python" "$root/tools/launch.py" --nodes="${NNODES:-1}" --node-rank="${NODE_RANK:-0}" \
        --master-addr="${MASTER_ADDR:-127.0.0.1}" --master-port="$PORT" --processes="$processes" --grace="${GRACE:-600}" \
        "$root/tools/$script" "$@"
}

# One process a GPU. Environment: GPUS_PER_NODE (default min(8, N); 0 for CPU nodes), CPUS_PER_TASK (default 8), SRUN_ARGS
# (further arguments of srun), MASTER_PORT (default 29500).
launch_on_slurm() { # partition job N script arguments...
    local partition=$1 job=$2 tasks=$3 script=$4 gpus per_node gres=()
    shift 4
    gpus=${GPUS_PER_NODE:-$((tasks < 8 ? tasks : 8))}
    per_node=$((gpus > 0 ? gpus : tasks))
    if [ "$gpus" -gt 0 ]; then
        gres=(--gres=gpu:"$gpus")
    fi
    export MASTER_PORT=${MASTER_PORT:-29500}
    # shellcheck disable=SC2086  # SRUN_ARGS holds several arguments
    exec srun -p "$partition" --job-name="$job" --ntasks="$tasks" --ntasks-per-node="$per_node" \
        ${gres[@]+"${gres[@]}"} --cpus-per-task="${CPUS_PER_TASK:-8}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
        "$python" -u "$root/tools/$script" "$@"
}
