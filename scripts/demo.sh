#!/usr/bin/env bash
# Shows Moat at work on examples/documents: starts a server, installs the embedding model, indexes the
# folder, asks questions. With a terminal the server then stays until Ctrl-C; without one it stops.
#
#   scripts/demo.sh build/release/bin/moat
#
# MOAT_DATA  where the demo keeps its data (default ~/.moat-demo)   MOAT_PORT  default 11434, or the next free one
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$MOAT_ROOT"

moat=$(realpath "${1:?usage: scripts/demo.sh MOAT_BINARY}")
data=${MOAT_DATA:-$HOME/.moat-demo}
log=$data/demo.log
server=

# The server is stopped by its process id, however this script ends.
stop_server() {
    if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
        kill "$server"
        wait "$server" 2>/dev/null || true
    fi
}
trap stop_server EXIT

is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
    local port
    for port in $(seq "${MOAT_PORT:-11434}" $((${MOAT_PORT:-11434} + 50))); do
        if ! is_taken "$port"; then
            printf '%s\n' "$port"
            return
        fi
    done
    die "no free port from ${MOAT_PORT:-11434} on"
}

start_server() {
    local port
    port=$(free_port)
    mkdir -p "$data"
    "$moat" serve --data "$data" --listen "127.0.0.1:$port" >"$log" 2>&1 &
    server=$!
    export MOAT_HOST=http://127.0.0.1:$port
    local tries=0
    until grep -q 'is ready on' "$log"; do
        if ! kill -0 "$server" 2>/dev/null || [ $((++tries)) -gt 100 ]; then
            tail -n 20 "$log" >&2
            die "the server did not start"
        fi
        sleep 0.1
    done
}

install_embedding_model() {
    local minilm
    minilm=$(scripts/minilm.sh prefix)
    if [ ! -f "$minilm/all-minilm.gguf" ]; then
        say "notice: no embedding model, so this demo searches by keywords only"
    elif ! "$moat" show all-minilm >/dev/null 2>&1; then
        "$moat" create all-minilm -f "$minilm/Modelfile"
    fi
}

ask() {
    local bold='' plain=''
    if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi
    printf '\n%s> %s%s\n' "$bold" "$1" "$plain"
    "$moat" ask "$1" --kb demo
}

start_server
say "Moat is running on $MOAT_HOST, its data in $data"
install_embedding_model
"$moat" kb add demo examples/documents

while IFS= read -r question; do
    case $question in '' | '#'*) continue ;; esac
    ask "$question"
done <examples/questions.txt

cat <<END

The page:        $MOAT_HOST
Ask from here:   export MOAT_HOST=$MOAT_HOST
                 $moat ask --kb demo "your question"
Your documents:  $moat kb add NAME FOLDER
A chat model:    write a Modelfile with a line  FROM /path/to/model.gguf  and run
                 $moat create NAME -f Modelfile
END
if [ -t 1 ]; then
    printf '\nThe server runs until you press Ctrl-C.\n'
    trap 'printf "\n"; exit 0' INT
    wait "$server"
fi
