# Sourced first by the scripts beside it: -h or --help prints the comment at the top of the script, and does nothing else.
# shellcheck shell=bash

print_help() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

if [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; then
    print_help
    exit 0
fi

# For scripts without arguments: what is given is a mistake.
takes_no_arguments() {
    [ $# -eq 0 ] && return
    echo "$(basename "$0") takes no arguments, got $*" >&2
    print_help >&2
    exit 2
}
