#!/usr/bin/env bash
# What good clients notice of an attack, and what is left of it afterwards.
#
#   tests/attack/run.sh BINARY [SECONDS]          half-open and byte-by-byte handshakes, slow headers, slow readers
#   tests/attack/run.sh BINARY [SECONDS] churn    connect, handshake, reset, and a reload every second
#
# Good clients are `certgate bench`: a full handshake and a request each, so many a second. Fails if one of them isn't
# served, if their p99 is more than ten times what it is without the attack (or FLOOR, in ms), or if memory or descriptors don't come back.
# Needs python3 and openssl, and some 4,000 descriptors. Everything runs on this machine: the attack takes CPU, too.
set -euo pipefail

binary=$(realpath -e "$1")
seconds=${2:-15}
mode=${3:-attack}
case $mode in attack | churn) ;; *) echo "$mode: attack or churn" >&2; exit 2 ;; esac
rate=${RATE:-50}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
gate=
failed=0
trap '[ -z "$gate" ] || kill "$gate" 2>/dev/null || true; rm -rf "$work"' EXIT
ulimit -n "$(ulimit -H -n)"

"$here/../../certs-example/make.sh" "$work/pki" >"$work/make.log" 2>&1 || { cat "$work/make.log" >&2; exit 2; }
pki=$work/pki
mkdir "$work/html"
echo content >"$work/html/index.html"
truncate -s 64M "$work/html/large"

env -i SSL_SERVER_CERTIFICATE="$(cat "$pki/server.pem")" SSL_SERVER_KEY="$(cat "$pki/server.key")" \
    SSL_CLIENT_CERTIFICATE="$(cat "$pki/ca.pem")" \
    "$binary" serve --listen=127.0.0.1:0 --admin=127.0.0.1:0 --root="$work/html" --certs-dir="$work/certs" \
    --header-timeout=5s --send-timeout=5s --handshake-timeout=10s --max-handshakes="${MAX_HANDSHAKES:-1024}" \
    --log-format=json --access-log=off >"$work/log" 2>&1 &
gate=$!
for _ in $(seq 200); do
    grep -qs '"event":"ready"' "$work/log" && break
    sleep 0.05
done
field() {
    grep -m1 '"event":"ready"' "$work/log" | python3 -c "import json,sys; print(json.load(sys.stdin)['$1'].split(',')[0])"
}
address=$(field listen)
admin=$(field admin)
port=${address##*:}

descriptors() { find "/proc/$gate/fd" -mindepth 1 | wc -l; }
memory() { awk '/^VmRSS:/ { print $2 }' "/proc/$gate/status"; }
peak() { awk '/^VmHWM:/ { print $2 }' "/proc/$gate/status"; }

# bench SECONDS FILE
bench() {
    "$binary" bench "https://localhost:$port/" --ca "$pki/ca.pem" --cert "$pki/client.pem" --key "$pki/client.key" \
        --rate "$rate" --connections 64 --duration "$1s" --warm-up 1s --threads 1 --format json --output "$2" || true
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

attack() {
    python3 "$here/attack.py" "$port" "$1" "$pki/client.pem" "$pki/client.key"
}
churn() {
    python3 "$here/churn.py" "$port" "$1" "$pki/client.pem" "$pki/client.key" &
    local churning=$!
    for _ in $(seq "$1"); do
        sleep 1
        kill -HUP "$gate"
    done
    wait "$churning"
}
settled() {
    for _ in $(seq 60); do
        [ "$(descriptors)" -gt "$1" ] || break
        sleep 1
    done
}

# What a first use brings is there before anything is measured: the allocator keeps what a peak took, and what is
# looked for is what grows with time.
fresh_memory=$(memory)
fresh_descriptors=$(descriptors)
bench 3 "$work/warm.json" >/dev/null
"$mode" 10 >/dev/null
sleep 1
settled "$fresh_descriptors"
before_memory=$(memory)
before_descriptors=$(descriptors)

case $mode in
    attack)
        bench "$seconds" "$work/quiet.json"
        read -r quiet_rate quiet_p99 < <(of "$work/quiet.json")
        attack "$((seconds + 6))" >"$work/attack" &
        attacking=$!
        sleep 3
        bench "$seconds" "$work/attacked.json"
        echo "in it   $(descriptors) descriptors, $(memory) KiB, peak $(peak) KiB"
        read -r rate_under p99_under < <(of "$work/attacked.json")
        wait "$attacking"
        sed 's/^/attack  /' "$work/attack"
        echo "quiet   $quiet_rate % served, p99 $quiet_p99 ms"
        echo "attack  $rate_under % served, p99 $p99_under ms"
        expect 'served under attack, %' "$rate_under == 100"
        expect 'p99 under attack to p99 without it' "$p99_under <= 10 * max($quiet_p99, ${FLOOR:-0})"
        ;;
    churn)
        churn "$seconds" >"$work/churn"
        echo "churn   $(cat "$work/churn"); $(grep -c '"event":"reloaded"' "$work/log" || true) reloads"
        ;;
esac

settled "$before_descriptors"
echo "fresh   $fresh_descriptors descriptors, $fresh_memory KiB"
echo "before  $before_descriptors descriptors, $before_memory KiB"
echo "after   $(descriptors) descriptors, $(memory) KiB, peak $(peak) KiB"
expect 'descriptors are back' "$(descriptors) <= $before_descriptors"
expect 'memory is back, KiB' "$(memory) <= $before_memory + ${SLACK:-8192}"
grep -o '"event":"[a-z_]*"' "$work/log" | sort | uniq -c | sed 's/^/log     /'
if command -v curl >/dev/null; then
    curl -s "http://$admin/metrics" | grep -E '^certgate_(connections_refused|handshakes|accept_errors)' | sed 's/^/metric  /'
fi
exit "$failed"
