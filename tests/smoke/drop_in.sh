# shellcheck shell=bash
# In the nginx container's place: the same three variables, the same answers.

section 'drop-in: the answers of nginx'

# The names of the headers, sorted. Their case means nothing in HTTP.
header_names() {
    tr -d '\r' | sed -n 's/^\([A-Za-z-]*\):.*/\1/p' | tr '[:upper:]' '[:lower:]' | sort | paste -sd' ' -
}

# reference_start: nginx as the container had it. Sets reference_port.
reference_start() {
    local dir=$work/reference
    mkdir "$dir"
    free_port && reference_port=$free
    cat >"$dir/http.conf" <<CONFIG
server {
    listen 127.0.0.1:$reference_port ssl;
    ssl_certificate $pki/server.pem;
    ssl_certificate_key $pki/server.key;
    ssl_client_certificate $pki/ca.pem;
    ssl_verify_client on;
    ssl_protocols TLSv1.2 TLSv1.3;
    add_header X-Content-Type-Options nosniff;
    root $work/html;
    index index.html;
}
CONFIG
    nginx_start "$dir" "$reference_port"
    reference_pid=$nginx_pid
}

# headers PORT CURL-ARGUMENT...
headers() {
    local port=$1
    shift
    curl -sS -I -k --max-time 10 --cert "$pki/client.pem" --key "$pki/client.key" "$@" \
        "https://127.0.0.1:$port/" 2>&1
}

check_headers_as_nginx() {
    local version ours theirs name
    local -a flags
    reference_start
    for version in 1.2 1.3; do
        flags=(--http1.1 "--tlsv$version" --tls-max "$version")
        theirs=$(headers "$reference_port" "${flags[@]}")
        ours=$(headers "$gate_port" "${flags[@]}")
        is "TLS $version: status line" "$(head -n 1 <<<"$theirs")" "$(head -n 1 <<<"$ours")"
        is "TLS $version: names of the headers" "$(header_names <<<"$theirs")" "$(header_names <<<"$ours")"
        for name in Content-Type Content-Length Last-Modified ETag Accept-Ranges X-Content-Type-Options Connection; do
            is "TLS $version: $name" "$(grep -i "^$name:" <<<"$theirs" | cut -d' ' -f2-)" \
                "$(grep -i "^$name:" <<<"$ours" | cut -d' ' -f2-)"
        done
    done
    # What curl does when it is told nothing. HTTP/2 knows no Connection header.
    is 'HTTP/2: names of the headers' "$(grep -vi '^connection:' <<<"$theirs" | header_names)" \
        "$(headers "$gate_port" | header_names)"
    kill -TERM "$reference_pid"
}

check_files_and_environment() {
    local name
    is 'server_cert.cer is the variable' "$(cat "$pki/server.pem")" "$(cat "$gate_dir/certs/server_cert.cer")"
    is 'server_key.key is the variable' "$(hash_of "$pki/server.key")" "$(hash_of "$gate_dir/certs/server_key.key")"
    is 'client_cert.pem is the variable' "$(cat "$pki/ca.pem")" "$(cat "$gate_dir/certs/client_cert.pem")"
    is 'mode of server_key.key' 600 "$(stat -c %a "$gate_dir/certs/server_key.key")"
    is 'mode of the directory' 700 "$(stat -c %a "$gate_dir/certs")"

    is 'the process that was started is the one that serves' "$binary" "$(readlink "/proc/$gate_pid/exe")"
    for name in SSL_SERVER_CERTIFICATE SSL_SERVER_KEY SSL_CLIENT_CERTIFICATE; do
        is "$name is gone from /proc/PID/environ" 0 "$(tr '\0' '\n' <"/proc/$gate_pid/environ" | grep -c "^$name")"
    done
    is 'no PEM is in /proc/PID/environ' 0 "$(tr '\0' '\n' <"/proc/$gate_pid/environ" | grep -c 'BEGIN')"
    is 'no private key is in the log' 0 "$(grep -c 'PRIVATE KEY' "$gate_dir/log")"
}

if gate_start; then
    check_headers_as_nginx
    is 'GET brings the file' "$(cat "$work/html/index.html")" "$(fetch / 2>&1)"
    is "the CA's own certificate and key are let in" 200 "$(status fetch_as "$pki/ca" /)"
    is 'a file that is not there' 404 "$(status fetch /nothing)"
    check_files_and_environment
fi
