# shellcheck shell=bash
# In front of a real nginx: what reaches it, what comes back, and how much memory 100 MB cost.

section 'proxy'

# upstream_start: says which headers reached it, serves files, takes uploads by PUT. Sets upstream_port, upstream_pid.
upstream_start() {
    local dir=$work/upstream
    mkdir "$dir" "$work/uploads"
    free_port && upstream_port=$free
    cat >"$dir/http.conf" <<CONFIG
server {
    listen 127.0.0.1:$upstream_port;
    client_max_body_size 0;
    # X_SSL_CLIENT_VERIFY and X-SSL-Client-Verify are one variable to most programs: both have to be gone.
    underscores_in_headers on;
    location = /headers {
        default_type text/plain;
        return 200 "real_ip=\$http_x_real_ip
forwarded_for=\$http_x_forwarded_for
forwarded_proto=\$http_x_forwarded_proto
host=\$http_host
ssl_verify=\$http_x_ssl_client_verify
xfcc=\$http_x_forwarded_client_cert
alb=\$http_x_amzn_mtls_clientcert
client_cert=\$http_client_cert
own=\$http_x_own
";
    }
    location /files/ { alias $work/files/; }
    location /uploads/ { root $work; dav_methods PUT; }
}
CONFIG
    nginx_start "$dir" "$upstream_port"
    upstream_pid=$nginx_pid
}

# seen HEADER TEXT: what the upstream saw of it.
seen() {
    sed -n "s/^$1=//p" <<<"$2"
}

check_headers_upstream() {
    local got
    got=$(fetch /headers --http1.1 -H 'Host: shop.example' -H 'X-Own: passes' \
        -H 'X-Real-IP: 192.0.2.66' -H 'X-Forwarded-For: 192.0.2.66' -H 'X-Forwarded-Proto: gopher' \
        -H 'X-SSL-Client-Verify: SUCCESS' -H 'X_SSL_CLIENT_VERIFY: SUCCESS' \
        -H 'X-Forwarded-Client-Cert: Hash=made-up' -H 'X_Forwarded_Client_Cert: Hash=made-up' \
        -H 'X-Amzn-Mtls-Clientcert: made-up' -H 'Client-Cert: :bWFkZS11cA==:' 2>&1)
    is 'X-Real-IP' 127.0.0.1 "$(seen real_ip "$got")"
    is 'X-Forwarded-For' 127.0.0.1 "$(seen forwarded_for "$got")"
    is 'X-Forwarded-Proto' https "$(seen forwarded_proto "$got")"
    is 'Host' shop.example "$(seen host "$got")"
    is 'a header of no meaning passes' passes "$(seen own "$got")"
    is 'made-up X-SSL-Client-Verify, with dashes or underscores' '' "$(seen ssl_verify "$got")"
    is 'made-up X-Forwarded-Client-Cert, with dashes or underscores' '' "$(seen xfcc "$got")"
    is 'made-up X-Amzn-Mtls-Clientcert' '' "$(seen alb "$got")"
    is 'made-up Client-Cert' '' "$(seen client_cert "$got")"
}

# check_transfers WAY FLAG: 100 MB down and up.
check_transfers() {
    is "$1: 100 MB download, status" 200 "$(status fetch /files/big "$2")"
    is "$1: 100 MB download, hash" "$big_hash" "$(hash_of "$work/body")"
    rm -f "$work/uploads/big"
    is "$1: 100 MB upload, status" 201 "$(status fetch /uploads/big "$2" -T "$work/files/big")"
    is "$1: 100 MB upload, hash" "$big_hash" "$(hash_of "$work/uploads/big" 2>/dev/null)"
}

# check_memory WAY: the most that the process ever held, below 60 MB.
check_memory() {
    local most
    most=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$gate_pid/status")
    if [ "${most:-999999}" -lt 61440 ]; then
        is "$1: memory stayed flat (${most} kB)" flat flat
    else
        is "$1: memory stayed flat" 'below 61440 kB' "${most:-unknown} kB"
    fi
}

upstream_start

if gate_start --upstream "http://127.0.0.1:$upstream_port"; then
    check_headers_upstream
    check_transfers 'proxy, HTTP/1.1' --http1.1
    check_transfers 'proxy, HTTP/2' --http2
    check_memory proxy
    is 'no certificate, no upstream' 000 "$(status ask /headers)"
fi

section 'tunnel'

if gate_start --upstream "tcp://127.0.0.1:$upstream_port"; then
    check_transfers tunnel --http1.1
    check_memory tunnel
    is 'no certificate, no tunnel' 000 "$(status ask /headers --http1.1)"
fi

section 'upstream down'

if gate_start --upstream "http://127.0.0.1:$upstream_port"; then
    is 'before' 200 "$(status fetch /headers)"
    kill -TERM "$upstream_pid"
    eventually stopped "$upstream_pid"
    is 'after' 502 "$(status fetch /headers)"
    is 'and certgate is still there' yes "$(running "$gate_pid" && echo yes || echo no)"
fi
