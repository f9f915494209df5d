# shellcheck shell=bash
# What the set-up scripts share: where the cache is, how to speak, how to fetch a pinned package.
# Sourced, never run. Everything fetched or built for Moat lands below $MOAT_CACHE_DIR, outside the
# tree, so that a second clone finds it there.

set -euo pipefail

MOAT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
MOAT_CACHE_DIR=${MOAT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/moat}
MOAT_JOBS=${MOAT_JOBS:-$(nproc)}
export MOAT_ROOT MOAT_CACHE_DIR MOAT_JOBS
# A second clone elsewhere finds what the first one compiled.
export CCACHE_BASEDIR=$MOAT_ROOT CCACHE_NOHASHDIR=1

say() { printf '%s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

need() { # need COMMAND...: stops with advice when one is missing
    local command
    for command in "$@"; do
        command -v "$command" >/dev/null || die "'$command' is not installed; run scripts/setup.sh first"
    done
}

# Takes the lock NAME for the rest of the script, so that two clones never build the same thing at once.
lock() {
    mkdir -p "$MOAT_CACHE_DIR"
    exec 9>"$MOAT_CACHE_DIR/.lock-$1"
    if ! flock -n 9; then
        say "waiting for another set-up of $1 to end ..."
        flock 9
    fi
}

has_digest() { # has_digest FILE SHA256
    printf '%s  %s\n' "$2" "$1" | sha256sum --check --status
}

# fetch_npm NAME VERSION SHA256: prints the path of the package's archive, fetched through npm as it
# is configured on this machine, and kept only if its digest is the pinned one.
fetch_npm() {
    local name=$1 version=$2 sha256=$3
    local file=$MOAT_CACHE_DIR/downloads/$name-$version.tgz
    if [ -f "$file" ] && has_digest "$file" "$sha256"; then
        printf '%s\n' "$file"
        return
    fi
    need npm
    mkdir -p "$MOAT_CACHE_DIR/downloads"
    local dir
    dir=$(mktemp -d "$MOAT_CACHE_DIR/downloads/.fetch.XXXXXX")
    say "fetching $name $version from the npm registry ..."
    if ! (cd "$dir" && npm pack "$name@$version" --loglevel=error >/dev/null); then
        rm -rf "$dir"
        die "npm could not fetch $name@$version; check the network or npm's registry setting"
    fi
    keep_if_pinned "$dir" "$file" "$sha256"
}

# keep_if_pinned DIR FILE SHA256: moves the one file in DIR to FILE when its digest is right.
keep_if_pinned() {
    local fetched
    fetched=$(find "$1" -maxdepth 1 -type f | head -n 1)
    if [ -z "$fetched" ] || ! has_digest "$fetched" "$3"; then
        rm -rf "$1"
        die "$(basename "$2"): not what was pinned (SHA-256 $3); nothing was kept"
    fi
    mv "$fetched" "$2"
    rm -rf "$1"
    printf '%s\n' "$2"
}

# place DIR PREFIX: makes a finished directory visible under its name in one step.
place() {
    mkdir -p "$(dirname "$2")"
    rm -rf "$2"
    mv "$1" "$2"
}
