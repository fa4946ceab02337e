#!/usr/bin/env bash
# Pre-train with several processes on this machine, or on several machines.
#   tools/dist_train.sh CONFIG N [arguments of tools/train.py]
# N processes a machine: on the GPUs, or without any on the CPU (gloo). Several machines: run it on each with
# NNODES, NODE_RANK, MASTER_ADDR and PORT set.
set -euo pipefail
if [ $# -lt 2 ] || ! [[ "$2" =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: tools/dist_train.sh CONFIG N [arguments of tools/train.py]; N is the number of processes" >&2
    exit 2
fi
config=$1
processes=$2
shift 2

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# PYTHON names another interpreter; without it, the active environment's, else that of .venv.
if [ -z "${PYTHON:-}" ] && [ -z "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] && [ -x "$root/.venv/bin/python" ]; then
    PYTHON=$root/.venv/bin/python
fi
python=${PYTHON:-python}
nodes=${NNODES:-1}
node_rank=${NODE_RANK:-0}
address=${MASTER_ADDR:-127.0.0.1}
if [ -z "${PORT:-}" ]; then
    if [ "$nodes" -gt 1 ]; then
        PORT=29500
    else
        PORT=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    fi
fi
cores=$("$python" -c 'import os; print(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())')
share=$((cores / processes))
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((share > 1 ? share : 1))}
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"

exec "$python" -m torch.distributed.run --nnodes="$nodes" --node_rank="$node_rank" --master_addr="$address" \
    --master_port="$PORT" --nproc_per_node="$processes" "$root/tools/train.py" "$config" --launcher pytorch "$@"
