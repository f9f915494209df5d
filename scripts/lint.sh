#!/usr/bin/env bash
# Looks at every file of ours without running it.
#
#   scripts/lint.sh                      all of the below: what `make lint` does
#   scripts/lint.sh format               only whether clang-format would change something
#   scripts/lint.sh shell                only shellcheck
#   scripts/lint.sh tidy [BUILD [FILE..]] clang-tidy; BUILD defaults to build/release, configured
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$MOAT_ROOT"

# Files that git knows or would add: what is ignored is not ours.
files() { git ls-files --cached --others --exclude-standard -z -- "$@"; }

check_format() {
    need clang-format-19
    files '*.cc' '*.h' | xargs -0 --no-run-if-empty clang-format-19 --dry-run --Werror ||
        die "some files are not laid out; run: make format"
}

check_shell() {
    need shellcheck
    files '*.sh' .ci/run | xargs -0 --no-run-if-empty shellcheck --external-sources
}

check_tidy() {
    local build=${1:-build/release}
    need clang-tidy-19 ninja
    [ -f "$build/compile_commands.json" ] || die "$build is not configured; run: make build"
    python3 scripts/tidy.py "$build" "${@:2}"
}

case ${1:-everything} in
    format) check_format ;;
    shell) check_shell ;;
    tidy) check_tidy "${@:2}" ;;
    everything)
        check_format
        check_shell
        check_tidy
        say "lint: nothing found"
        ;;
    *) die "usage: $0 [format|shell|tidy [BUILD [FILE...]]]" ;;
esac
