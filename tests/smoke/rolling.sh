# shellcheck shell=bash
# Two instances behind a TCP balancer (HAProxy as an NLB: health checks, PROXY protocol, no second try of its own) are
# replaced one after the other while clients of each kind ask. No request may be lost.

section 'a rolling replacement under load'

declare -A instance_port instance_admin instance_pid instance_dir

# instance_start NAME: certgate serve at the ports of NAME, until it is ready.
instance_start() {
    local name=$1 dir
    dir=$(mktemp -d "$work/instance.XXXXXX")
    instance_dir[$name]=$dir
    # A drain delay of more than the balancer's checks need, and none that ends earlier by itself.
    exec_with_certificates "$binary" serve --listen "127.0.0.1:${instance_port[$name]}" \
        --admin "127.0.0.1:${instance_admin[$name]}" --certs-dir "$dir/certs" --root "$work/html" \
        --proxy-protocol required --trusted-proxies 127.0.0.1 \
        --drain-delay 2s --drain-quiet 0s --drain-timeout 20s >"$dir/log" 2>&1 &
    instance_pid[$name]=$!
    started+=("$!")
    eventually curl -sf -o "$work/ready" "http://127.0.0.1:${instance_admin[$name]}/readyz" ||
        is "instance $name gets ready" ready "$(tail -n 3 "$dir/log")"
}

# served_by NAME COUNT: whether it had so many requests.
served_by() {
    local count
    count=$(curl -s "http://127.0.0.1:${instance_admin[$1]}/metrics" |
        sed -n 's/^certgate_requests_total{[^}]*} //p' | awk '{ all += $1 } END { print all + 0 }')
    [ "$count" -ge "$2" ]
}

rolling_balancer() {
    free_port && rolling_port=$free
    cat >"$work/rolling.cfg" <<CONFIG
global
    maxconn 512
    nbthread 1
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    timeout check 2s
    retries 0
listen gates
    bind 127.0.0.1:$rolling_port
    balance roundrobin
    option httpchk GET /readyz
    default-server check inter 200ms fall 2 rise 2 send-proxy-v2
    server a 127.0.0.1:${instance_port[a]} port ${instance_admin[a]}
    server b 127.0.0.1:${instance_port[b]} port ${instance_admin[b]}
CONFIG
    haproxy_start rolling
    eventually port_open "$rolling_port" || die "HAProxy did not start: $(cat "$work/rolling.said")"
}

loads=()
# load NAME BENCH-ARGUMENT...: until it is interrupted.
load() {
    local name=$1
    shift
    "$binary" bench --cert "$pki/client.pem" --key "$pki/client.key" --ca "$pki/ca.pem" --threads 1 --warm-up 0s \
        --duration 5m --format json --output "$work/load.$name.json" "$@" "https://localhost:$rolling_port/" \
        >"$work/load.$name.said" 2>&1 &
    loads+=("$name:$!")
    started+=("$!")
}

# curls NAME PATHS CURL-ARGUMENT...: as a program that isn't certgate's asks, one connection after the other, until the file
# is there. With several PATHS, all of them over one connection.
curls() {
    local name=$1 paths=$2
    shift 2
    while [ ! -e "$work/rolled" ]; do
        curl -sS --max-time 20 --cacert "$pki/ca.pem" --cert "$pki/client.pem" --key "$pki/client.key" "$@" \
            -o "$work/curls.$name.body" -w '%{http_code}\n' "https://localhost:$rolling_port/$paths" \
            2>>"$work/curls.$name.err" >>"$work/curls.$name"
    done
}

# replace NAME: SIGTERM, its end, and another one in its place that is asked.
replace() {
    local name=$1 pid=${instance_pid[$1]}
    kill -TERM "$pid"
    eventually stopped "$pid" || kill -KILL "$pid"
    wait "$pid"
    is "$name ends: exit code" 0 $?
    contains "$name ends, and nothing is cut" 'everything in flight is done' "$(tail -n 1 "${instance_dir[$name]}/log")"
    instance_start "$name"
    is "another $name takes its place" yes "$(eventually served_by "$name" 20 && echo yes)"
}

# told LOAD FILTER: what the load generator found.
told() {
    python3 - "$work/load.$1.json" "$2" <<'PYTHON'
import json, sys
found = json.load(open(sys.argv[1]))
print(found["totals"][sys.argv[2]] if sys.argv[2] != "failures" else json.dumps(found.get("errors")))
PYTHON
}

# by_port: a request over a connection of its own; its status, and the client's port.
by_port() {
    curl -sS --max-time 20 --cacert "$pki/ca.pem" -o "$work/body" -w '%{http_code} %{local_port}' "$@" \
        "https://localhost:$rolling_port/" 2>"$work/curl.err"
}

# check_ends: mutual TLS goes from end to end through both, and each knows who asks.
check_ends() {
    local name written
    for name in 1 2; do
        written=$(by_port --cert "$pki/client.pem" --key "$pki/client.key")
        is "client $name gets through" 200 "${written% *}"
        eventually grep -q "\"client\":\"127.0.0.1:${written#* }\"" "${instance_dir[a]}/log" "${instance_dir[b]}/log"
        contains "client $name is in the log by its own address" '"event":"request"' \
            "$(cat "${instance_dir[a]}/log" "${instance_dir[b]}/log" | grep "\"client\":\"127.0.0.1:${written#* }\"")"
    done
    is 'they took turns' '1 1' "$(grep -c '"event":"request"' "${instance_dir[a]}/log") $(grep -c '"event":"request"' "${instance_dir[b]}/log")"
    written=$(by_port)
    is 'a client without a certificate does not' 000 "${written% *}"
    contains 'and gets the alert' 'certificate required' "$(cat "$work/curl.err")"
}

check_rolling() {
    local name pid asked lost
    local -a curl_pids=()
    for name in a b; do
        free_port && instance_port[$name]=$free
        free_port && instance_admin[$name]=$free
        instance_start "$name"
    done
    rolling_balancer
    check_ends
    # At every moment; now and then; and each over a connection of its own. Over HTTP/2 curl asks: who is told GOAWAY
    # before it sent its request sends it over another connection, and the load generator counts that as a failure.
    load busy --mode requests --connections 4
    load calm --mode requests --connections 32 --rate 200
    load new --mode full --connections 16 --rate 40
    for name in 1 2 3 4; do
        curls "kept$name" '?[1-100]' --http2 --rate 40/s &
        curl_pids+=("$!")
    done
    curls new '' &
    curl_pids+=("$!")
    started+=("${curl_pids[@]}")
    is 'both are asked' yes "$(eventually served_by a 100 && eventually served_by b 100 && echo yes)"
    replace a
    replace b
    for pid in "${loads[@]}"; do
        kill -INT "${pid#*:}"
    done
    : >"$work/rolled"
    for name in busy calm new; do
        eventually test -s "$work/load.$name.json"
        asked=$(told "$name" operations)
        lost=$(told "$name" errors)
        is "load $name: lost of $asked" 0 "$lost"
        [ "$lost" = 0 ] || echo "        $(told "$name" failures)"
        is "load $name: enough to tell" yes "$([ "${asked:-0}" -ge 100 ] && echo yes)"
    done
    wait "${curl_pids[@]}"
    for name in new kept1 kept2 kept3 kept4; do
        asked=$(wc -l <"$work/curls.$name")
        is "curl $name: lost of $asked" 0 "$(grep -cv '^200$' "$work/curls.$name")"
        [ ! -s "$work/curls.$name.err" ] || sed 's/^/        /' "$work/curls.$name.err"
    done
    for name in a b; do
        kill -TERM "${instance_pid[$name]}"
    done
    kill -TERM "$haproxy_pid"
}

gate_stop
check_rolling
