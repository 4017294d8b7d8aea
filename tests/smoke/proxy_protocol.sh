# shellcheck shell=bash
# PROXY protocol with those who speak it: HAProxy, curl and nginx.

section 'PROXY protocol, in'

haproxy_defaults() {
    cat <<CONFIG
global
    maxconn 64
    nbthread 1
defaults
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    timeout check 2s
CONFIG
}

# balancer_start OPTIONS...: one frontend for each of these options towards certgate. Sets balancer_ports.
balancer_start() {
    local option number=0
    balancer_ports=()
    haproxy_defaults >"$work/balancer.cfg"
    for option in "$@"; do
        free_port && balancer_ports+=("$free")
        number=$((number + 1))
        cat >>"$work/balancer.cfg" <<CONFIG
listen in$number
    mode tcp
    unique-id-format %{+X}o\ %ci:%cp_%rt
    bind 127.0.0.1:$free
    server gate 127.0.0.1:$gate_port $option
CONFIG
    done
    haproxy_start balancer
    eventually port_open "${balancer_ports[0]}" || die "HAProxy did not start: $(cat "$work/balancer.said")"
}

# by_balancer PORT CURL-ARGUMENT...
by_balancer() {
    local port=$1
    shift
    curl -sS -k --max-time 20 --cert "$pki/client.pem" --key "$pki/client.key" "$@" "https://127.0.0.1:$port/"
}

# metric NAME: as the admin port shows it.
metric() {
    curl -s "http://127.0.0.1:$gate_admin/metrics" | sed -n "s/^$1 //p"
}

# at_least NAME COUNT
at_least() {
    local now
    now=$(metric "$1")
    [ "${now:-0}" -ge "$2" ]
}

# client_of_port PORT: the lines of requests whose client came from that port.
client_of_port() {
    grep '"event":"request"' "$gate_dir/log" | grep -c "\"client\":\"127.0.0.1:$1\""
}

if gate_start --proxy-protocol required --trusted-proxies 127.0.0.1; then
    options=(send-proxy send-proxy-v2 send-proxy-v2-ssl
        'send-proxy-v2 proxy-v2-options crc32c,unique-id,authority,ssl,cert-cn,ssl-cipher'
        'send-proxy-v2 check check-send-proxy inter 200ms')
    balancer_start "${options[@]}"
    for index in "${!options[@]}"; do
        # Each client's own port is what only the header can have told.
        written=$(by_balancer "${balancer_ports[$index]}" -o "$work/body" -w '%{http_code} %{local_port}')
        is "HAProxy ${options[$index]}: status" 200 "${written% *}"
        eventually grep -q "\"client\":\"127.0.0.1:${written#* }\"" "$gate_dir/log"
        is "HAProxy ${options[$index]}: the client, not the proxy" 1 "$(client_of_port "${written#* }")"
    done
    is "HAProxy's health checks are pings" yes "$(eventually at_least certgate_tcp_pings_total 3 && echo yes)"
    is "HAProxy's health checks are LOCAL" yes \
        "$(eventually at_least 'certgate_proxy_headers_total{kind="local"}' 3 && echo yes)"
    is 'and nobody was refused' 0 "$(grep -c '"event":"refused"' "$gate_dir/log")"
    is 'curl --haproxy-protocol' 200 "$(status fetch / --haproxy-protocol)"
    is 'without a header' 000 "$(status fetch /)"
    contains 'the log says so' proxy_header_missing "$(grep '"event":"refused"' "$gate_dir/log")"
    is 'the admin port takes a header, too' 200 \
        "$(curl -s -o /dev/null -w '%{http_code}' --haproxy-protocol "http://127.0.0.1:$gate_admin/readyz")"
    kill -TERM "$haproxy_pid"
fi

section 'PROXY protocol, out'

# Two upstreams that read it: both answer with the client's address as the header had it.
told_start() {
    local dir=$work/told
    mkdir "$dir"
    free_port && told_nginx=$free
    cat >"$dir/http.conf" <<CONFIG
server {
    listen 127.0.0.1:$told_nginx proxy_protocol;
    location / { return 200 "\$proxy_protocol_addr:\$proxy_protocol_port to \$proxy_protocol_server_port"; }
}
CONFIG
    nginx_start "$dir" "$told_nginx"
    free_port && told_haproxy=$free
    haproxy_defaults >"$work/told.cfg"
    cat >>"$work/told.cfg" <<CONFIG
frontend told
    mode http
    bind 127.0.0.1:$told_haproxy accept-proxy
    http-request return status 200 content-type text/plain lf-string "%ci:%cp to %fp %[fc_pp_authority]"
CONFIG
    haproxy_start told
    eventually port_open "$told_haproxy" || die "HAProxy did not start: $(cat "$work/told.said")"
}

told_start
for version in v1 v2 v2-tls v2-tls-cert; do
    for peer in nginx haproxy; do
        case $peer in nginx) port=$told_nginx ;; *) port=$told_haproxy ;; esac
        gate_start --upstream "tcp://127.0.0.1:$port" --upstream-proxy-protocol "$version" || continue
        written=$(curl -sS -k --max-time 20 --http1.1 --cert "$pki/client.pem" --key "$pki/client.key" \
            --resolve "db.example:$gate_port:127.0.0.1" -o "$work/body" -w '%{local_port}' \
            "https://db.example:$gate_port/")
        expected="127.0.0.1:$written to $gate_port"
        case $peer-$version in haproxy-v2-tls*) expected="$expected db.example" ;; esac
        is "$version to $peer" "$expected" "$(sed 's/ *-*$//' "$work/body")"
    done
done
