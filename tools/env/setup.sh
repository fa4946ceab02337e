#!/usr/bin/env bash
# Bring .venv to the state that a Makefile target needs; whatever is there already is not done again.
#   tools/env/setup.sh demo|lint|test
# demo: mimseg, its dependencies and an mmcv. lint: with the linters. test: with a compiled mmcv and the test tools.
# Environment: PYTHON (default python3), MIMSEG_INSTALLER (uv or pip; default: uv, which takes half the time, unless pip is
# configured with an index of its own, which uv would not know), XDG_CACHE_HOME (default ~/.cache; keeps compiled wheels).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

python=${PYTHON:-python3}
venv=.venv
marker=.venv.installing # lies here while packages are being installed
# shellcheck source=tools/env/mmcv.sh
source tools/env/mmcv.sh

say() { echo "[mimseg] $*"; }
die() {
    echo "[mimseg] $*" >&2
    exit 1
}

check_machine() {
    local free_gb
    command -v "$python" >/dev/null || die "$python is missing: install Python 3.11 to 3.13, or name one by PYTHON=/path/to/python3.11"
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
        die "$("$python" -V 2>&1) is out of range: constraints.txt needs Python 3.11 to 3.13; name one by PYTHON=/path/to/python3.11"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        die "$python cannot create environments (ensurepip is missing): install it, on Debian by apt-get install python3-venv"
    free_gb=$(df -Pk . | awk 'NR == 2 {print int($4 / 1048576)}')
    [ "$free_gb" -ge 8 ] || die "$free_gb GB are free here, the environment needs 8: make room in $PWD, or clone to another disk"
}

# A stage is done when its stamp holds the checksum of what it was made from. Stamps are written last and die with .venv.
key=$(cat constraints.txt setup.cfg tools/env/*.sh | cksum)
is_done() { [ "$(cat "$venv/.mimseg-$1" 2>/dev/null)" = "$key" ]; }
mark_done() { echo "$key" >"$venv/.mimseg-$1"; }

# uv unless asked otherwise; see the top of this file.
choose_installer() {
    installer=${MIMSEG_INSTALLER:-uv}
    if [ -z "${MIMSEG_INSTALLER:-}" ] && "$venv/bin/python" -m pip config list 2>/dev/null | grep -q '\.index-url='; then
        installer=pip
    fi
    if [ "$installer" = uv ] && ! [ -x "$venv/bin/uv" ] && ! pip_install uv; then
        say "uv cannot be installed here: using pip, which takes longer"
        installer=pip
    fi
}

pip_install() { PIP_DISABLE_PIP_VERSION_CHECK=1 "$venv/bin/python" -m pip install --quiet -c constraints.txt "$@"; }

install() { # arguments of pip install
    local flags=(--quiet)
    if [ -t 2 ]; then flags=(); fi # progress bars
    touch "$marker"
    if [ "$installer" = uv ] &&
        "$venv/bin/uv" pip install "${flags[@]}" --python "$venv/bin/python" -c constraints.txt "$@"; then
        rm "$marker"
        return
    fi
    [ "$installer" = pip ] || say "uv could not install this: trying pip, which takes longer"
    pip_install "$@" || {
        rm "$marker"
        die "the packages could not be installed (see above): check the network, then run the same command again"
    }
    rm "$marker"
}

uninstall() { "$venv/bin/python" -m pip uninstall --quiet --yes "$@" 2>/dev/null; }

create_venv() {
    if [ -e "$marker" ]; then
        say "an installation was interrupted: starting $venv afresh"
        rm -rf "$venv" "$marker"
    fi
    if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        check_machine
        say "creating $venv with $("$python" -V)"
        "$python" -m venv --clear "$venv"
    fi
    choose_installer
}

install_base() {
    is_done base && return
    check_machine
    say "installing mimseg and what it needs into $venv, by $installer (5 GB; 1 to 3 minutes on a good network)"
    install --editable .
    mark_done base
}

install_lint() {
    is_done lint && return
    say "installing the linters"
    install --editable ".[dev]"
    mark_done lint
}

install_test() {
    is_done test && return
    say "installing the test tools, mmdet and mmseg"
    install --editable ".[test,transfer]"
    # mmdet and mmcv bring other builds of OpenCV into the same folder; the headless one needs no libGL, so it goes last.
    install --no-deps --force-reinstall opencv-python-headless
    "$venv/bin/python" -m pip check || die "the packages in $venv do not fit together (see above): make clean, then make test"
    mark_done test
}

case "${1:-}" in
demo)
    create_venv
    install_base
    install_mmcv_any
    ;;
lint)
    create_venv
    install_base
    install_mmcv_any
    install_lint
    ;;
test)
    if ! has_any_wheel; then check_compiler; fi
    create_venv
    install_base
    install_mmcv_compiled
    install_test
    ;;
*) die "usage: tools/env/setup.sh demo|lint|test" ;;
esac
