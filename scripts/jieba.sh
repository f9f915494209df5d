#!/usr/bin/env bash
# The pinned cppjieba (Chinese word segmentation): headers and dictionaries, unpacked into the cache.
#
#   scripts/jieba.sh          unpacks it unless the cache has it
#   scripts/jieba.sh prefix   prints where it is: include/ dict/ LICENSE-*
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

version=3.5.8 # of the npm package nodejieba, which carries cppjieba, limonp and the dictionaries
sha256=d596b0566526a7add766e1582f5c97dd5b5003dd26ca353e7b5cf5da86b43af5
prefix=$MOAT_CACHE_DIR/jieba-$version

unpack() {
    if [ -f "$prefix/dict/jieba.dict.utf8" ]; then return; fi
    lock jieba
    if [ -f "$prefix/dict/jieba.dict.utf8" ]; then return; fi
    local archive stage=$prefix.part
    archive=$(fetch_npm nodejieba "$version" "$sha256")
    rm -rf "$stage"
    mkdir -p "$stage/package" "$stage/include"
    tar -xzf "$archive" -C "$stage/package" --strip-components=1
    local jieba=$stage/package/submodules/cppjieba
    mv "$jieba/include/cppjieba" "$jieba/deps/limonp/include/limonp" "$stage/include/"
    mv "$jieba/dict" "$stage/dict"
    mv "$jieba/LICENSE" "$stage/LICENSE-cppjieba"
    mv "$jieba/deps/limonp/LICENSE" "$stage/LICENSE-limonp"
    rm -rf "$stage/package"
    place "$stage" "$prefix"
    say "cppjieba (nodejieba $version) is in $prefix"
}

case ${1:-unpack} in
    prefix) printf '%s\n' "$prefix" ;;
    unpack) unpack ;;
    *) die "usage: $0 [prefix]" ;;
esac
