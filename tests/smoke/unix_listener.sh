# shellcheck shell=bash
# Unix sockets: HAProxy, curl and openssl in front, nginx and HAProxy behind.

section 'unix socket'

socket=$work/tls.sock

# by_socket CURL-ARGUMENT...
by_socket() {
    curl -sS -k --max-time 20 --http1.1 --unix-socket "$socket" "$@" https://db.example/
}

with_certificate=(--cert "$pki/client.pem" --key "$pki/client.key")

if gate_start --listen "unix:$socket"; then
    is 'curl --unix-socket' 200 "$(status by_socket "${with_certificate[@]}")"
    is 'curl without a certificate' 000 "$(status by_socket)"
    contains 'openssl s_client -unix' ' 200 OK' "$(printf 'GET / HTTP/1.0\r\n\r\n' |
        timeout 10 openssl s_client -unix "$socket" -ign_eof -cert "$pki/client.pem" -key "$pki/client.key" 2>&1)"
    contains 'the log says where from' '"client":"unix"' "$(grep '"event":"request"' "$gate_dir/log")"
    gate_stop
    is 'the file is gone' no "$([ -e "$socket" ] && echo yes || echo no)"
fi

if gate_start --listen "unix:$socket" --proxy-protocol required --trusted-proxies unix; then
    options=(send-proxy send-proxy-v2 'send-proxy-v2 check check-send-proxy inter 200ms')
    balancer_ports=()
    haproxy_defaults >"$work/by_socket.cfg"
    for option in "${options[@]}"; do
        free_port && balancer_ports+=("$free")
        cat >>"$work/by_socket.cfg" <<CONFIG
listen in$free
    mode tcp
    bind 127.0.0.1:$free
    server gate unix@$socket $option
CONFIG
    done
    haproxy_start by_socket
    eventually port_open "${balancer_ports[0]}" || die "HAProxy did not start: $(cat "$work/by_socket.said")"
    for index in "${!options[@]}"; do
        written=$(by_balancer "${balancer_ports[$index]}" -o "$work/body" -w '%{http_code} %{local_port}')
        is "HAProxy, unix@, ${options[$index]}: status" 200 "${written% *}"
        eventually grep -q "\"client\":\"127.0.0.1:${written#* }\"" "$gate_dir/log"
        is "HAProxy, unix@, ${options[$index]}: the client" 1 "$(client_of_port "${written#* }")"
    done
    contains 'and the proxy' '"proxy":"unix"' "$(grep '"event":"request"' "$gate_dir/log")"
    is "HAProxy's health checks are pings" yes "$(eventually at_least certgate_tcp_pings_total 3 && echo yes)"
    is 'and nobody was refused' 0 "$(grep -c '"event":"refused"' "$gate_dir/log")"
    kill -TERM "$haproxy_pid"
    haproxy_start told
    eventually port_open "$told_haproxy" || die "HAProxy did not start: $(cat "$work/told.said")"
fi

# Upstreams that read a header without an address take certgate for the client. HAProxy 2.6 reads none of AF_UNIX.
for version in v1 v2 v2-tls v2-tls-cert; do
    for peer in nginx haproxy; do
        case $peer-$version in haproxy-v2-*) continue ;; esac
        case $peer in nginx) port=$told_nginx ;; *) port=$told_haproxy ;; esac
        gate_start --listen "unix:$socket" --upstream "tcp://127.0.0.1:$port" --upstream-proxy-protocol "$version" || continue
        is "$version of a client without an address to $peer" 200 "$(status by_socket "${with_certificate[@]}")"
    done
done
gate_stop
