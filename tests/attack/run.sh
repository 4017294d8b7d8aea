#!/usr/bin/env bash
# What good clients notice of an attack, and what is left of it afterwards.
#
#   tests/attack/run.sh BINARY [SECONDS]          half-open and byte-by-byte handshakes, slow headers, slow readers
#   tests/attack/run.sh BINARY [SECONDS] slow     slowhttptest in its four modes, at each kind of listener
#   tests/attack/run.sh BINARY [SECONDS] churn    connect, handshake, reset, and a reload every second
#
# Good clients are `certgate bench`: a full handshake and a request each, so many a second. Fails if one of them isn't
# served, if their p99 is more than ten times what it is without the attack (or FLOOR, in ms), or if memory or descriptors don't come back.
# Needs python3 and openssl, slow also curl and slowhttptest, and some 4,000 descriptors. Everything runs on this
# machine: the attack takes CPU, too.
set -euo pipefail

binary=$(realpath -e "$1")
seconds=${2:-15}
mode=${3:-attack}
case $mode in attack | slow | churn) ;; *) echo "$mode: attack, slow or churn" >&2; exit 2 ;; esac
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
# shellcheck source=tests/attack/lib.sh
. "$here/lib.sh"
trap clean_up EXIT
ulimit -n "$(ulimit -H -n)"

"$here/../../certs-example/make.sh" "$work/pki" >"$work/make.log" 2>&1 || { cat "$work/make.log" >&2; exit 2; }
pki=$work/pki
mkdir "$work/html"
echo content >"$work/html/index.html"
truncate -s 64K "$work/html/page"
truncate -s 64M "$work/html/large"

if [ "$mode" = slow ]; then
    # shellcheck source=tests/attack/slow.sh
    . "$here/slow.sh"
    exit "$failed"
fi

handshakes=1024
gate_start certgate --listen=127.0.0.1:0 --header-timeout=5s --send-timeout=5s --handshake-timeout=10s \
    --max-handshakes="${MAX_HANDSHAKES:-$handshakes}" --access-log=off
address=$(field listen)
admin=$(field admin)
port=${address##*:}

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

# What a first use brings is there before anything is measured.
fresh_memory=$(memory)
fresh_descriptors=$(descriptors)
bench "$port" 3 "$work/warm.json" >/dev/null
"$mode" 10 >/dev/null
sleep 1
settled "$fresh_descriptors"
before_memory=$(memory)
before_descriptors=$(descriptors)

case $mode in
    attack)
        bench "$port" "$seconds" "$work/quiet.json"
        attack "$((seconds + 6))" >"$work/attack" &
        attacking=$!
        sleep 3
        bench "$port" "$seconds" "$work/attacked.json"
        held=$(descriptors)
        echo "in it   $held descriptors, $(memory) KiB, peak $(peak) KiB"
        wait "$attacking"
        sed 's/^/attack  /' "$work/attack"
        served "$work/quiet.json" "$work/attacked.json" good
        # Of 2,300 handshakes that never end. The others are clients that are in, and some that are on their way out.
        expect 'descriptors in it' "$held <= $before_descriptors + $handshakes + 600"
        ;;
    churn)
        churn "$seconds" >"$work/churn"
        echo "churn   $(cat "$work/churn"); $(grep -c '"event":"reloaded"' "$log" || true) reloads"
        ;;
esac

settled "$before_descriptors"
# certgate looks every five seconds whether a flood is over, and gives back what it took.
most=$((fresh_memory + ${SLACK:-12288}))
for _ in $(seq 15); do
    [ "$(memory)" -gt "$most" ] || break
    sleep 1
done
echo "fresh   $fresh_descriptors descriptors, $fresh_memory KiB"
echo "before  $before_descriptors descriptors, $before_memory KiB"
echo "after   $(descriptors) descriptors, $(memory) KiB, peak $(peak) KiB"
expect 'descriptors are back' "$(descriptors) <= $before_descriptors"
expect 'memory is back, KiB' "$(memory) <= $most"
events
if command -v curl >/dev/null; then
    curl -s "http://$admin/metrics" | grep -E '^certgate_(connections_refused|handshakes|accept_errors|timeouts)' | sed 's/^/metric  /'
fi
exit "$failed"
