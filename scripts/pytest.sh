#!/usr/bin/env bash
# Runs pytest in the environment of scripts/python.sh (with --frameworks or --weaviate3 first: in that of
# "python.sh frameworks" or "weaviate3"). Tests find in their environment what set-up made:
#   MOAT_MINILM           the directory with all-minilm.gguf and Modelfile (unset where it cannot be had)
#   MOAT_MINILM_PACKAGE   the package it was made from, with the original weights
#   MOAT_LLAMA            where llama.cpp is; bin/ has its tools when they were made
#   MOAT_SHARED           the shared data (unset where there is none)
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

minilm=$("$MOAT_ROOT/scripts/minilm.sh" prefix)
if [ -f "$minilm/all-minilm.gguf" ]; then
    MOAT_MINILM=$minilm
    MOAT_MINILM_PACKAGE=$("$MOAT_ROOT/scripts/minilm.sh" package)
    export MOAT_MINILM MOAT_MINILM_PACKAGE
fi
MOAT_LLAMA=$("$MOAT_ROOT/scripts/llama.sh" prefix)
export MOAT_LLAMA
if [ -z "${MOAT_SHARED:-}" ] && [ -d "$MOAT_ROOT/../shared" ]; then
    MOAT_SHARED=$(cd "$MOAT_ROOT/../shared" && pwd)
    export MOAT_SHARED
fi
environment="make"
case ${1:-} in
    --frameworks | --weaviate3)
        environment=${1#--}
        shift
        ;;
esac
exec "$("$MOAT_ROOT/scripts/python.sh" "$environment")" -m pytest -p no:cacheprovider -q -rs "$@"
