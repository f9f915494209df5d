#!/usr/bin/env bash
# Configures (only when needed) and compiles one preset.
#
#   scripts/build.sh build/PRESET [TARGET...]
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$MOAT_ROOT"
need cmake ninja

build=${1:?usage: scripts/build.sh build/PRESET [TARGET...]}
shift
if [ ! -f "$build/build.ninja" ]; then
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    settings=()
    for name in MOAT_CUDA MOAT_PORTABLE MOAT_SYSTEM_LLAMA; do
        if [ -n "${!name:-}" ]; then settings+=("-D$name=ON"); fi
    done
    cmake --preset "$(basename "$build")" "${settings[@]}" >"$log" 2>&1 || {
        cat "$log" >&2
        die "cmake --preset $(basename "$build") failed"
    }
fi

# On a terminal ninja keeps one moving line; elsewhere every 20th step, warnings and errors are enough.
start=$SECONDS
if [ -t 1 ]; then
    NINJA_STATUS="moat [%f/%t] " ninja -C "$build" -j "$MOAT_JOBS" "$@" || die "the build failed"
else
    NINJA_STATUS="[%f/%t] " ninja -C "$build" -j "$MOAT_JOBS" "$@" 2>&1 |
        awk '/^ninja: / {next} /^\[[0-9]+\/[0-9]+\] / {if (++n % 20 == 0) {print "moat " $1; fflush()} next} {print; fflush()}' ||
        die "the build failed"
fi
if [ $((SECONDS - start)) -gt 5 ]; then say "built in $((SECONDS - start)) s"; fi
