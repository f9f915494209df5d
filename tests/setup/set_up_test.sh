#!/usr/bin/env bash
# What the set-up scripts promise when something is wrong: nothing unpinned is kept, nothing hangs, and a
# missing embedding model is a notice. Reaches no network: npm and pip are made to fail or to lie.
# shellcheck disable=SC2317 # expect() calls what looks unreachable
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
real_python=$("$root/scripts/python.sh" prefix)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

expect() { # expect WHAT COMMAND...
    if "${@:2}"; then
        echo "ok: $1"
    else
        echo "FAILED: $1"
        failures=$((failures + 1))
    fi
}
contains() { grep -q -- "$2" "$1"; }
is_empty() { [ -z "$(find "$1" -type f ! -name '.lock-*')" ]; }

# An npm that delivers something else than what was pinned.
mkdir -p "$work/bin"
cat >"$work/bin/npm" <<'END'
#!/bin/sh
echo 'not the package' >package.tgz
END
chmod +x "$work/bin/npm"
for script in jieba hnswlib llama; do
    export MOAT_CACHE=$work/cache-$script
    status=0
    PATH=$work/bin:$PATH "$root/scripts/$script.sh" >"$work/out" 2>&1 || status=$?
    expect "$script.sh fails when the package is not the pinned one" [ "$status" -ne 0 ]
    expect "$script.sh names the digest" contains "$work/out" 'not what was pinned (SHA-256'
    expect "$script.sh keeps nothing of it" is_empty "$MOAT_CACHE"
done

# A registry that cannot be reached: keyword search must still serve.
export MOAT_CACHE=$work/cache-minilm
mkdir -p "$MOAT_CACHE"
ln -s "$(dirname "$(dirname "$real_python")")" "$MOAT_CACHE/"
status=0
PIP_NO_INDEX=1 PIP_FIND_LINKS='' "$root/scripts/minilm.sh" >"$work/out" 2>&1 || status=$?
expect 'minilm.sh succeeds without the package' [ "$status" -eq 0 ]
expect 'minilm.sh says what follows from it' contains "$work/out" 'notice: .* keywords only'
exit $((failures > 0))
