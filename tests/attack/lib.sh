# shellcheck shell=bash
# What the attacks share: how certgate is started and asked, how good clients fare, and what is expected.
# Of the caller they use binary, work and pki.

failed=0
started=() # the ids of all processes to end
gate=      # the certgate that was started last, and its log
log=

clean_up() {
    local pid
    for pid in "${started[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}

# gate_start NAME ARGUMENT...: until it is ready. Sets gate and log.
gate_start() {
    log=$work/$1.log
    env -i SSL_SERVER_CERTIFICATE="$(cat "$pki/server.pem")" SSL_SERVER_KEY="$(cat "$pki/server.key")" \
        SSL_CLIENT_CERTIFICATE="$(cat "$pki/ca.pem")" \
        "$binary" serve --admin=127.0.0.1:0 --root="$work/html" --certs-dir="$work/$1.certs" --log-format=json \
        "${@:2}" >"$log" 2>&1 &
    gate=$!
    started+=("$gate")
    for _ in $(seq 200); do
        grep -qs '"event":"ready"' "$log" && return
        sleep 0.05
    done
    tail -n 5 "$log" >&2
    exit 2
}

# field NAME [NUMBER]: of the line that says ready; of a list, the first or that one.
field() {
    grep -m1 '"event":"ready"' "$log" |
        python3 -c "import json,sys; print(json.load(sys.stdin)['$1'].split(',')[${2:-0}])"
}

descriptors() { find "/proc/$gate/fd" -mindepth 1 | wc -l; }
memory() { awk '/^VmRSS:/ { print $2 }' "/proc/$gate/status"; }
peak() { awk '/^VmHWM:/ { print $2 }' "/proc/$gate/status"; }

# bench PORT SECONDS FILE
bench() {
    "$binary" bench "https://localhost:$1/" --ca "$pki/ca.pem" --cert "$pki/client.pem" --key "$pki/client.key" \
        --rate "${RATE:-50}" --connections 64 --duration "$2s" --warm-up 1s --threads 1 --format json --output "$3" || true
}

# of FILE: success rate in %, p99 in ms
of() {
    python3 - "$1" <<'PYTHON'
import json, sys
result = json.load(open(sys.argv[1]))
totals = result["totals"]
total = totals["operations"] + totals["errors"]
p99 = max((l["p99"] for l in result["latencies"] if l["phase"] == "whole"), default=0)
print(f'{100 * totals["operations"] / max(1, total):.2f} {p99 / 1e3:.2f}')
for error in result["errors"]:
    print(f'{error["count"]} {error["kind"]}: {error["example"]}', file=sys.stderr)
PYTHON
}

# expect WHAT CONDITION
expect() {
    if python3 -c "import sys; sys.exit(not ($2))"; then
        echo "ok      $1: $2"
    else
        failed=1
        echo "FAILED  $1: $2"
    fi
}

# settled MOST: waits until no more descriptors than that are open, a minute at most.
settled() {
    for _ in $(seq 60); do
        [ "$(descriptors)" -gt "$1" ] || break
        sleep 1
    done
}

# served QUIET UNDER NAME: what good clients noticed, by the results of two benches.
served() {
    local quiet_rate quiet_p99 rate p99
    read -r quiet_rate quiet_p99 < <(of "$1")
    read -r rate p99 < <(of "$2")
    echo "$3   $quiet_rate % served, p99 $quiet_p99 ms without it; $rate % served, p99 $p99 ms in it"
    expect "served under attack, %" "$rate == 100"
    expect "p99 under attack to p99 without it" "$p99 <= 10 * max($quiet_p99, ${FLOOR:-0})"
}

# events: how many log lines of each kind.
events() {
    grep -o '"event":"[a-z_]*"' "$log" | sort | uniq -c | sed 's/^/log     /'
}
