# The one mmcv of .venv: mmcv-lite, or onedl-mmcv with compiled ops. Sourced by setup.sh.
# Both own the folder mmcv/, so what is there goes away completely before the other comes in.
# shellcheck shell=bash disable=SC2154  # venv, marker, say, die, install, uninstall: setup.sh

mmcv_stamp=$venv/.mimseg-mmcv
wheel_cache=${XDG_CACHE_HOME:-$HOME/.cache}/mimseg/wheels
mmcv_pins=$(grep -E '^(mmcv-lite|onedl-mmcv|torch)==' constraints.txt | tr '\n' ' ')

mmcv_is() { [ "$(cat "$mmcv_stamp" 2>/dev/null)" = "$1 $mmcv_pins" ]; }

remove_mmcv() {
    rm -f "$mmcv_stamp"
    uninstall mmcv-lite onedl-mmcv || true
    rm -rf "$venv"/lib/python*/site-packages/mmcv
}

# For targets that need no compiled ops: keeps the compiled mmcv where it is.
install_mmcv_any() {
    if mmcv_is compiled || mmcv_is lite; then return; fi
    say "installing mmcv-lite"
    remove_mmcv
    install --no-deps mmcv-lite
    echo "lite $mmcv_pins" >"$mmcv_stamp"
}

install_mmcv_compiled() {
    mmcv_is compiled && return
    local wheels wheel
    # "setuptools": its version must be the one pinned, new enough for mmcv and old enough for torch.
    install setuptools ninja
    wheels=$(wheel_folder)
    if ! compgen -G "$wheels/onedl_mmcv-*.whl" >/dev/null; then build_mmcv "$wheels"; fi
    wheel=$(compgen -G "$wheels/onedl_mmcv-*.whl")
    say "installing the compiled mmcv, ${wheel##*/}"
    remove_mmcv
    install --no-deps "$wheel"
    echo "compiled $mmcv_pins" >"$mmcv_stamp"
}

# A wheel fits one Python, one torch, one mmcv, one kind of device and one machine architecture.
wheel_folder() {
    local version
    version=$(sed -n 's/^onedl-mmcv==//p' constraints.txt)
    "$venv/bin/python" - "$wheel_cache" "$version" <<'PY'
import platform, sys
import torch

folder, version = sys.argv[1:]
device = "cpu"
if torch.cuda.is_available():
    from torch.utils.cpp_extension import CUDA_HOME  # where nvcc is; complains on machines without a GPU

    device = "cuda" if CUDA_HOME else "cpu"
python = f"cp{sys.version_info.major}{sys.version_info.minor}"
print(f"{folder}/{python}-torch{torch.__version__.split('+')[0]}-mmcv{version}-{device}-{platform.machine()}")
PY
}

has_any_wheel() { compgen -G "$wheel_cache/*/onedl_mmcv-*.whl" >/dev/null; }

check_compiler() {
    local tool
    for tool in gcc g++; do
        command -v $tool >/dev/null || die "$tool is missing, mmcv's ops need it: install it, on Debian by apt-get install build-essential"
    done
    command -v "$python" >/dev/null || return 0 # check_machine says it better
    "$python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
        die "Python.h is missing, mmcv's ops need it: install Python's headers, on Debian by apt-get install python3-dev"
}

# Build into a temporary folder and move the finished wheel, so that an interruption leaves no half wheel behind.
# A subshell: its trap and its variables end with it.
build_mmcv() ( # folder
    log=$1.log
    check_compiler
    mkdir -p "$1"
    rm -rf "$1"/building.*
    work=$(mktemp -d "$1/building.XXXX")
    say "compiling mmcv's ops, once for this machine (12 minutes on 2 cores); log: $log"
    : >"$log"
    report_progress "$log" &
    trap 'kill $! 2>/dev/null; rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    # Without a CUDA compiler the GPU is hidden: mmcv would look for one.
    if [[ $1 != *-cuda-* ]]; then export CUDA_VISIBLE_DEVICES=; fi
    # Python's own CFLAGS may ask for debug symbols, which cost time and serve nobody here.
    export PATH="$PWD/$venv/bin:$PATH" MAX_JOBS=${MAX_JOBS:-$(nproc)} CFLAGS="-O2 -g0 -DNDEBUG -fwrapv"
    "$venv/bin/python" -m pip wheel --verbose --no-build-isolation --no-deps --no-binary onedl-mmcv \
        --wheel-dir "$work" "$(grep '^onedl-mmcv==' constraints.txt)" >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        die "mmcv did not compile: its last lines are above, all of them in $log"
    }
    mv "$work"/onedl_mmcv-*.whl "$1/"
)

report_progress() { # log
    while sleep 60 >/dev/null 2>&1; do # redirected: it may outlive the build and must not hold a pipe open
        say "compiling mmcv's ops: $(grep -oE '\[[0-9]+/[0-9]+\]' "$1" | tail -n 1 || true) files"
    done
}
