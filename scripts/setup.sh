#!/usr/bin/env bash
# Installs the Debian packages of scripts/packages.txt that are missing, and says which. Does nothing,
# quickly, when all are there. Needs root or sudo only when something is missing.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

list=$MOAT_ROOT/scripts/packages.txt

# A machine may have node 18 or later, and npm, from elsewhere; Debian's packages could then conflict.
has_node() {
    command -v npm >/dev/null && command -v node >/dev/null &&
        node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)'
}

wanted_packages() {
    local drop='^$'
    if has_node; then drop='^(nodejs|npm)$'; fi
    sed -e 's/#.*//' -e 's/[[:space:]]//g' "$list" | grep -v '^$' | grep -Ev "$drop"
}

missing_packages() {
    local installed
    # dpkg-query fails when it does not know one of the names; the others are printed all the same.
    # shellcheck disable=SC2046 # one word per package
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $(wanted_packages) 2>/dev/null |
        sed -n 's/^installed //p' || true)
    wanted_packages | grep -vxF -f <(printf '%s\n' "$installed") || true
}

command -v dpkg-query >/dev/null || die "this is no Debian system; install by hand what $list names"
missing=$(missing_packages)
if [ -z "$missing" ]; then exit 0; fi

count=$(wc -l <<<"$missing")
# shellcheck disable=SC2086 # one word per package
say "installing $count Debian packages:" $missing
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        # shellcheck disable=SC2086
        die "not root, and there is no sudo. Ask an administrator to run:
    apt-get update && apt-get install --no-install-recommends" $missing
    fi
    as_root=(sudo)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        die "apt-get $1 failed"
    }
}
start=$SECONDS
apt update
# shellcheck disable=SC2086
apt install --yes --no-install-recommends $missing
say "installed $count packages in $((SECONDS - start)) s"
