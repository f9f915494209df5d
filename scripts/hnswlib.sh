#!/usr/bin/env bash
# The pinned hnswlib headers, unpacked into the cache. Tests and benchmarks compare our vector index
# with it; nothing that is shipped uses it.
#
#   scripts/hnswlib.sh          unpacks it unless the cache has it
#   scripts/hnswlib.sh prefix   prints where it is: include/hnswlib/ LICENSE
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

version=3.0.0 # of the npm package hnswlib-node, which carries hnswlib 0.8.0
sha256=4a8074485e5abe659d23e9998d97a00226db056ca466ada6eedbc512a4c4df01
prefix=$MOAT_CACHE_DIR/hnswlib-$version

unpack() {
    if [ -f "$prefix/include/hnswlib/hnswlib.h" ]; then return; fi
    lock hnswlib
    if [ -f "$prefix/include/hnswlib/hnswlib.h" ]; then return; fi
    local archive stage=$prefix.part
    archive=$(fetch_npm hnswlib-node "$version" "$sha256")
    rm -rf "$stage"
    mkdir -p "$stage/include"
    tar -xzf "$archive" -C "$stage/include" --strip-components=2 package/src/hnswlib
    mv "$stage/include/hnswlib/LICENSE" "$stage/LICENSE"
    place "$stage" "$prefix"
    say "hnswlib (hnswlib-node $version) is in $prefix"
}

case ${1:-unpack} in
    prefix) printf '%s\n' "$prefix" ;;
    unpack) unpack ;;
    *) die "usage: $0 [prefix]" ;;
esac
