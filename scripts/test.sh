#!/usr/bin/env bash
# Runs all tests of a build, except benchmarks and soak tests. More arguments go to ctest:
#
#   scripts/test.sh build/release [-R NAME | -L fast | ...]
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$MOAT_ROOT"

build=${1:?usage: scripts/test.sh build/PRESET [CTEST OPTION...]}
shift
"$MOAT_ROOT/scripts/python.sh" >/dev/null
"$MOAT_ROOT/scripts/minilm.sh"
export TSAN_OPTIONS="suppressions=$MOAT_ROOT/tests/tsan.suppressions ${TSAN_OPTIONS:-}"
exec ctest --test-dir "$build" --output-on-failure --no-tests=error --parallel "$MOAT_JOBS" \
    --label-exclude '^(bench|soak)$' "$@"
