# shellcheck shell=bash
# verify --connect against nginx: it lets every client through the handshake, and refuses by a page.

section 'verify --connect'

# connect PORT CERTIFICATE KEY ARGUMENT...: what verify says of nginx, and its exit code on the last line.
connect() {
    local port=$1 certificate=$2 key=$3
    shift 3
    "$binary" verify --connect "127.0.0.1:$port" --cert "$certificate" --key "$key" "$@" 2>&1
    echo "exit $?"
}

check_nginx_is_understood() {
    local dir=$work/verify version said
    local -a mine=("$pki/client.pem" "$pki/client.key")
    local -a other=("$work/other-pki/client.pem" "$work/other-pki/client.key")
    mkdir "$dir"
    free_port
    local port=$free
    cat >"$dir/http.conf" <<CONFIG
server {
    listen 127.0.0.1:$port ssl;
    ssl_certificate $pki/server.pem;
    ssl_certificate_key $pki/server.key;
    ssl_client_certificate $pki/ca.pem;
    ssl_verify_client on;
    ssl_protocols TLSv1.2 TLSv1.3;
    root $work/html;
}
CONFIG
    nginx_start "$dir" "$port"
    for version in 1.2 1.3; do
        said=$(connect "$port" "${mine[@]}" --tls-version "$version" --server-ca "$pki/ca.pem")
        contains "nginx, TLS $version: let in" 'accepted: the server answered with HTTP status 200' "$said"
        is "nginx, TLS $version: let in, exit code" 'exit 0' "$(tail -n 1 <<<"$said")"
        said=$(connect "$port" "${other[@]}" --tls-version "$version")
        contains "nginx, TLS $version: another CA's client" "nginx doesn't accept the certificate" "$(tail -n 4 <<<"$said")"
        contains "nginx, TLS $version: what it asks for" 'asked    for a certificate of 1 CA by name:' "$said"
        is "nginx, TLS $version: another CA's client, exit code" 'exit 1' "$(tail -n 1 <<<"$said")"
    done
    contains 'nginx, expired' 'warning: the certificate expired on 2021-01-01' \
        "$(connect "$port" "$work/expired.pem" "$pki/client.key")"
    kill -TERM "$nginx_pid"
}

check_nginx_is_understood
