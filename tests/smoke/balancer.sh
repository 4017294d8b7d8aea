# shellcheck shell=bash
# Behind a real nginx that asks clients for their certificate and passes it on, as an ALB in passthrough mode does:
# nginx speaks HTTP/2 and HTTP/1.1 to clients, and keeps one connection to certgate for all of them.

section 'behind a load balancer that asks for certificates'

# balancer_start: in front of the certgate that runs; asks for certificates of whatever CA. Sets balancer_port.
balancer_start() {
    local dir=$work/balancer
    mkdir "$dir"
    free_port && balancer_port=$free
    cat >"$dir/http.conf" <<CONFIG
upstream gate {
    server 127.0.0.1:$gate_port;
    keepalive 1;
}
server {
    listen 127.0.0.1:$balancer_port ssl http2;
    ssl_certificate $pki/server.pem;
    ssl_certificate_key $pki/server.key;
    ssl_verify_client optional_no_ca;
    # nginx writes it in percent-encoding, +=/ included.
    proxy_set_header X-Amzn-Mtls-Clientcert \$ssl_client_escaped_cert;
    proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
    proxy_set_header Connection '';
    proxy_http_version 1.1;
    location / { proxy_pass https://gate; }
}
CONFIG
    nginx_start "$dir" "$balancer_port"
}

# through CERTIFICATE-WITHOUT-SUFFIX CURL-ARGUMENT...: the status, through the load balancer.
through() {
    local who=$1
    shift
    curl -sS -k --max-time 60 --cert "$who.pem" --key "$who.key" -o "$work/body" -w '%{http_code}' "$@" \
        "https://127.0.0.1:$balancer_port/" 2>"$work/curl.err"
}

check_balancer() {
    local accepted protocol
    for protocol in --http1.1 --http2; do
        is "a good client, $protocol" 200 "$(through "$pki/client" "$protocol")"
        contains "its answer, $protocol" "$marker" "$(cat "$work/body")"
        is "a revoked one, $protocol" 403 "$(through "$pki/revoked" "$protocol")"
        is "one of another CA, $protocol" 403 "$(through "$work/other-pki/client" "$protocol")"
        is "nobody, $protocol" 403 "$(curl -sS -k -o "$work/body" -w '%{http_code}' "$protocol" "https://127.0.0.1:$balancer_port/")"
    done
    accepted=$(curl -s "http://127.0.0.1:$gate_admin/metrics" | sed -n 's/^certgate_connections_accepted_total //p')
    is 'all of them over one connection' 1 "$accepted"
    is 'nobody else is believed' 403 \
        "$(status ask / --interface 127.0.0.2 -H "X-Amzn-Mtls-Clientcert: $(escaped "$pki/client.pem")")"
    is 'the load balancer is' 200 \
        "$(status ask / -H "X-Amzn-Mtls-Clientcert: $(escaped "$pki/client.pem")")"
}

# escaped FILE: percent-encoded but for +=/, as an ALB writes it.
escaped() {
    python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(open(sys.argv[1]).read(), safe="+=/"))' "$1"
}

if gate_start --client-auth header --trusted-proxies 127.0.0.1 --crl "$pki/crl.pem"; then
    balancer_start
    check_balancer
    gate_stop
    kill -TERM "$nginx_pid"
fi
