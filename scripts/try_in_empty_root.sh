#!/usr/bin/env bash
# Does what a newcomer does, in an empty Debian 12: makes a root directory with debootstrap (only make,
# git and ca-certificates beside the essentials), clones this repository into it at HEAD, runs
# `make demo` and `make test` there, and reports the time of each. Needs root, debootstrap and about 12 GB.
#
#   scripts/try_in_empty_root.sh [options] DIRECTORY
#
#   --mirror URL       Debian mirror (default: debootstrap's own)
#   --security URL     Debian security mirror (default: none)
#   --copy PATH        copy this file or folder of the host to the same place (a registry's settings,
#                      a certificate authority in /usr/local/share/ca-certificates); may be repeated
#   --env NAME=VALUE   set for the commands; may be repeated
#   --run COMMAND      instead of make demo and make test; may be repeated
#   --keep             do not empty DIRECTORY first when it has a root already: a second, warm run
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

mirror='' security='' keep='' copies=() environment=() commands=()
while [ $# -gt 1 ]; do
    case $1 in
        --mirror) mirror=$2 && shift 2 ;;
        --security) security=$2 && shift 2 ;;
        --copy) copies+=("$2") && shift 2 ;;
        --env) environment+=("$2") && shift 2 ;;
        --run) commands+=("$2") && shift 2 ;;
        --keep) keep=1 && shift ;;
        *) die "unknown option $1; see the head of $0" ;;
    esac
done
[ $# -eq 1 ] || die "usage: $0 [options] DIRECTORY"
root=$1
[ "$(id -u)" -eq 0 ] || die "making a root directory needs root"
need debootstrap git
if [ ${#commands[@]} -eq 0 ]; then commands=('make demo' 'make test'); fi

unmount() {
    local point
    for point in proc dev/pts dev; do
        if mountpoint -q "$root/$point"; then umount -l "$root/$point"; fi
    done
}
trap unmount EXIT

make_root() {
    if [ -n "$keep" ] && [ -f "$root/etc/debian_version" ]; then return; fi
    unmount
    rm -rf "$root"
    mkdir -p "$root"
    say "making an empty Debian 12 in $root ..."
    debootstrap --variant=minbase --include=make,git,ca-certificates bookworm "$root" ${mirror:+"$mirror"} \
        >"$root.log" 2>&1 || die "debootstrap failed; see $root.log"
    if [ -n "$security" ]; then
        echo "deb $security bookworm-security main" >>"$root/etc/apt/sources.list"
    fi
    # What an installer or a container's runtime writes, and debootstrap does not.
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    echo '127.0.0.1 localhost' >"$root/etc/hosts"
    local path
    for path in "${copies[@]}"; do
        mkdir -p "$root/$(dirname "$path")"
        cp -rL "$path" "$root/$(dirname "$path")/"
    done
}

inside() {
    chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb \
        "${environment[@]}" bash -c "$1" </dev/null
}

make_root
mount --bind /proc "$root/proc"
mount --bind /dev "$root/dev"
mount --bind /dev/pts "$root/dev/pts"
inside 'update-ca-certificates' >/dev/null 2>&1 || say "notice: update-ca-certificates failed"
# The root's git has no settings; a fresh clone over the file protocol holds only what is committed.
if [ -d "$root/root/moat" ]; then
    git -C "$root/root/moat" pull --quiet --ff-only "file://$MOAT_ROOT" HEAD
else
    git clone --quiet "file://$MOAT_ROOT" "$root/root/moat"
fi

failed=
for command in "${commands[@]}"; do
    start=$SECONDS
    say "== $command"
    if inside "cd /root/moat && $command"; then result=passed; else result=FAILED failed=1; fi
    say "== $command: $result in $((SECONDS - start)) s"
done
[ -z "$failed" ] || die "something did not work in an empty Debian 12"
