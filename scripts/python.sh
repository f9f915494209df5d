#!/usr/bin/env bash
# A Python with the packages of scripts/requirements.txt, in the cache, made once.
#
#   scripts/python.sh              makes it unless the cache has it, and prints the interpreter's path
#   scripts/python.sh prefix       prints the path only
#   scripts/python.sh NAME         the same as the first, of scripts/requirements-NAME.txt: frameworks, weaviate3
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need python3
requirements=$MOAT_ROOT/scripts/requirements.txt
case ${1:-} in
    frameworks | weaviate3) requirements=$MOAT_ROOT/scripts/requirements-$1.txt ;;
esac
# The base interpreter is part of the key: an environment dies with the Python that made it.
key=$({ cat "$MOAT_ROOT/scripts/requirements.txt" "$requirements" && python3 -c 'import sys; print(sys.version, sys.base_prefix)'; } | sha256sum | cut -c 1-12)
prefix=$MOAT_CACHE_DIR/python-$key

make() {
    if [ -f "$prefix/.complete" ]; then return; fi
    lock python
    if [ -f "$prefix/.complete" ]; then return; fi
    say "making a Python environment (scripts/${requirements##*/}) ..."
    # An environment has its own path written into it, so it is made in place and marked at the end.
    rm -rf "$prefix"
    python3 -m venv "$prefix" || die "python3 cannot make virtual environments (Debian: python3-venv)"
    "$prefix/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
        --only-binary :all: -r "$requirements" ||
        die "pip could not install scripts/${requirements##*/}; check the network or pip's index setting"
    touch "$prefix/.complete"
}

case ${1:-make} in
    prefix) ;;
    make | frameworks | weaviate3) make >&2 ;;
    *) die "usage: $0 [prefix | frameworks | weaviate3]" ;;
esac
printf '%s\n' "$prefix/bin/python"
