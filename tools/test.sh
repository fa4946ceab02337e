#!/usr/bin/env bash
# Test a checkpoint, in one process or in N.
#   tools/test.sh CONFIG CHECKPOINT [N] [arguments of tools/test.py]
set -euo pipefail
# shellcheck source=tools/help.sh
source "$(dirname "${BASH_SOURCE[0]}")/help.sh"
# shellcheck source=tools/launch.sh
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"
[ $# -ge 2 ] || die_of_usage "tools/test.sh CONFIG CHECKPOINT [N] [arguments of tools/test.py]; N is the number of processes"

processes=1
arguments=("${@:3}")
if is_number "${3:-}"; then
    processes=$3
    arguments=("${@:4}")
fi
if [ "$processes" -gt 1 ]; then
    exec "$root/tools/dist_test.sh" "$1" "$2" "$processes" ${arguments[@]+"${arguments[@]}"}
fi
exec "$python" "$root/tools/test.py" "$1" "$2" ${arguments[@]+"${arguments[@]}"}
