#!/usr/bin/env bash
# Runs the benchmarks, each beside its reference, and prints their results. Numbers worth keeping go to
# bench/RESULTS.md by hand, with what the first lines say about machine and commit.
#
#   scripts/bench.sh build/release [NAME...]     NAME: of bench/NAME.sh, bench/NAME.py or bin/NAME
#
# A benchmark is bench/*_bench.sh, bench/*_bench.py, or a program build/release/bin/*_bench. It finds in
# its environment:
#   MOAT_BINARY         the server          MOAT_BUILD        the build directory
#   MOAT_LLAMA_BIN      llama-bench, llama-batched-bench and llama-server of the same llama.cpp
#   MOAT_BENCH_MODELS   bench-chat-q8_0.gguf, bench-chat-q4_k_m.gguf, bench-embed.gguf, tiny-*.gguf
#   MOAT_PYTHON         a Python with numpy   MOAT_SHARED     the shared data (unset where there is none)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$MOAT_ROOT"

build=$(realpath "${1:?usage: scripts/bench.sh build/PRESET [NAME...]}")
shift
scripts/llama.sh tools
MOAT_BUILD=$build
MOAT_BINARY=$build/bin/moat
MOAT_LLAMA_BIN=$(scripts/llama.sh prefix)/bin
MOAT_BENCH_MODELS=$MOAT_CACHE_DIR/bench-models # a gigabyte and a half: shared by all clones
MOAT_PYTHON=$(scripts/python.sh)
export MOAT_BUILD MOAT_BINARY MOAT_LLAMA_BIN MOAT_BENCH_MODELS MOAT_PYTHON
if [ -z "${MOAT_SHARED:-}" ] && [ -d "$MOAT_ROOT/../shared" ]; then
    MOAT_SHARED=$(cd "$MOAT_ROOT/../shared" && pwd)
    export MOAT_SHARED
fi
scripts/test_models.sh "$MOAT_BENCH_MODELS" --bench

printf 'machine: %s, %s cores, %s\n' "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)" \
    "$(nproc)" "$(awk '/MemTotal/ {printf "%.0f GB", $2 / 1e6}' /proc/meminfo)"
printf 'commit:  %s, load %s\n' "$(git describe --always --dirty)" "$(cut -d ' ' -f 1 /proc/loadavg)"

is_wanted() { # is_wanted FILE NAME...: no names, or one of them
    local name=${1##*/}
    name=${name%.*}
    [ $# -eq 1 ] || [[ " ${*:2} " == *" $name "* ]]
}

failed=()
for file in bench/*_bench.sh bench/*_bench.py "$build"/bin/*_bench; do
    if [ ! -f "$file" ] || ! is_wanted "$file" "$@"; then continue; fi
    printf '\n== %s\n' "${file##*/}"
    case $file in
        */weaviate_*.py) "$(scripts/python.sh frameworks)" "$file" ;; # has gRPC and Weaviate's own client
        *.py) "$MOAT_PYTHON" "$file" ;;
        *) "$file" ;;
    esac || failed+=("${file##*/}")
done
[ ${#failed[@]} -eq 0 ] || die "these benchmarks failed: ${failed[*]}"
