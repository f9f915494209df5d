#!/usr/bin/env bash
# Writes the models of the tests (with --bench also those of the benchmarks) unless they are there.
#
#   scripts/test_models.sh DIRECTORY [--bench]
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

[ $# -ge 1 ] || die "usage: $0 DIRECTORY [--bench]"
out=$1
shift
step=build
for option in "$@"; do
    if [ "$option" = --bench ]; then step=tools; fi # llama-quantize
done
"$MOAT_ROOT/scripts/llama.sh" "$step"
shared=${MOAT_SHARED:-$MOAT_ROOT/../shared}
exec "$("$MOAT_ROOT/scripts/python.sh")" "$MOAT_ROOT/tests/models/make_test_models.py" \
    --out "$out" --llama "$("$MOAT_ROOT/scripts/llama.sh" prefix)" --shared "$shared" "$@"
