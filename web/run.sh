#!/usr/bin/env bash
# What CMake runs here; each installs the pinned packages first, only when package-lock.json changed.
#   web/run.sh build OUT    the page, into a folder
#   web/run.sh test         the unit tests
set -euo pipefail

web=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
task=${1:?usage: web/run.sh build OUT, or web/run.sh test}
out=$(realpath -m "${2:-$web/dist}")
cd "$web"

version=$(node --version 2>/dev/null) || { echo "node is not installed: Debian's package nodejs is enough" >&2; exit 1; }
major=${version#v}; major=${major%%.*}
if [ "$major" -lt 18 ]; then
    echo "node $version is too old: the page needs 18 or later" >&2
    exit 1
fi

# Two build trees share node_modules: one installs, the other waits. The mark is written last, so
# an interrupted installation is done again.
exec 9>.install.lock
flock 9
wanted=$(sha256sum package-lock.json | cut -d' ' -f1)
mark=node_modules/.moat-installed
if [ "$(cat "$mark" 2>/dev/null)" != "$wanted" ]; then
    echo "installing the packages of web/package-lock.json"
    npm ci --no-audit --no-fund --loglevel=error
    echo "$wanted" > "$mark"
fi
flock -u 9

case $task in
    build) MOAT_WEB_OUT="$out" npm run --silent build -- --logLevel warn ;;
    test) npm run --silent test ;;
    *) echo "web/run.sh knows build and test, not $task" >&2; exit 2 ;;
esac
