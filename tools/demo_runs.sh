# What the demos share; they source it: where they run, and that a demo begins anew over the last demo, but over no other run.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=.venv/bin/python
marker=.made_by_a_demo

train_anew() { # work folder, config, arguments of tools/train.py
    local out=$1 fresh=()
    shift
    if [ ! -e "$out" ]; then
        mkdir -p "$out"
        touch "$out/$marker"
    fi
    if [ -e "$out/$marker" ]; then
        fresh=(--overwrite)
    fi
    "$python" tools/train.py "$@" --work-dir "$out" ${fresh[@]+"${fresh[@]}"}
}

check_made() { # work folder, what
    local made
    for made in "$1/metrics.json" "$1/pictures"; do
        [ -e "$made" ] || { echo "[mimseg] $2 ended without $made: see the log in $1" >&2; exit 1; }
    done
}
