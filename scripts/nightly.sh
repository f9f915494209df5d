#!/usr/bin/env bash
# What is too long for every commit: a thousand kills and a thousand power failures under a store that
# writes, at other moments each day. MOAT_NIGHTLY_ROUNDS: fewer or more; MOAT_CRASH_SEED: which moments.
#
#   scripts/nightly.sh build/release
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$MOAT_ROOT"

build=${1:?usage: scripts/nightly.sh build/PRESET}
rounds=${MOAT_NIGHTLY_ROUNDS:-1000}
export MOAT_CRASH_ROUNDS=$rounds MOAT_POWER_ROUNDS=$rounds
export MOAT_CRASH_SEED=${MOAT_CRASH_SEED:-$(date +%Y%m%d)}
say "$rounds rounds of each, seed $MOAT_CRASH_SEED"
"$build/bin/store_crash_test"
"$build/bin/store_power_test"
