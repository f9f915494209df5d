#!/usr/bin/env bash
# Runs a command with the JavaScript clients of tests/clients/package.json at hand: they are installed
# once into the cache, and MOAT_NODE_MODULES tells the command where.
#
#   scripts/node_clients.sh COMMAND [ARGUMENT...]
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

[ $# -ge 1 ] || die "usage: $0 COMMAND [ARGUMENT...]"
need node npm
lock_file=$MOAT_ROOT/tests/clients/package-lock.json
key=$(sha256sum "$lock_file" | cut -c 1-12)
prefix=$MOAT_CACHE_DIR/node-clients-$key

install_clients() {
    local dir
    mkdir -p "$MOAT_CACHE_DIR"
    dir=$(mktemp -d "$MOAT_CACHE_DIR/.node-clients.XXXXXX")
    cp "$lock_file" "$MOAT_ROOT/tests/clients/package.json" "$dir"
    say "installing the JavaScript clients (tests/clients/package.json) ..."
    if ! (cd "$dir" && npm ci --no-audit --no-fund --loglevel=error >&2); then
        rm -rf "$dir"
        die "npm could not install tests/clients/package.json; check the network or npm's registry setting"
    fi
    place "$dir" "$prefix"
}

if [ ! -d "$prefix/node_modules" ]; then
    lock node-clients
    if [ ! -d "$prefix/node_modules" ]; then install_clients; fi
    exec 9>&-
fi
export MOAT_NODE_MODULES=$prefix
exec "$@"
