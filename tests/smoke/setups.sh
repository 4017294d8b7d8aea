# shellcheck shell=bash
# The other setups that people have, each on one machine: an ALB in front of certgate as a sidecar of an application, and
# what happens there with odd protocols, ciphers and certificates. The client does what an ALB does: it verifies nothing,
# shows no certificate, and asks for a health path now and then. (rolling.sh has the NLB, balancer.sh the ALB that passes
# clients' certificates on.)

section 'a sidecar behind a load balancer that encrypts again'

# self_signed NAME FROM TO: a server's certificate that no CA has signed.
self_signed() {
    local from=$2 to=$3 dir=$work/self/$1
    mkdir -p "$dir"
    : >"$dir/index.txt"
    cat >"$dir/openssl.cnf" <<CONFIG
[ca]
default_ca = here
[here]
database = $dir/index.txt
new_certs_dir = $dir
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = server
[any]
commonName = supplied
[server]
subjectAltName = DNS:sidecar
extendedKeyUsage = serverAuth
CONFIG
    {
        openssl req -new -newkey rsa:2048 -nodes -keyout "$work/$1.key" -subj '/CN=sidecar' -out "$dir/request" &&
            openssl ca -batch -notext -selfsign -config "$dir/openssl.cnf" -keyfile "$work/$1.key" -in "$dir/request" \
                -startdate "$from" -enddate "$to" -out "$work/$1.pem"
    } >"$dir/log" 2>&1 || die "could not make a self-signed certificate: $(cat "$dir/log")"
}

# application_start: what the sidecar is for; it knows nothing of TLS. Sets application_port.
application_start() {
    mkdir -p "$work/application"
    echo 'the application' >"$work/application/index.html"
    echo 'fine' >"$work/application/health"
    free_port && application_port=$free
    python3 -m http.server --bind 127.0.0.1 --directory "$work/application" "$application_port" \
        >"$work/application.log" 2>&1 &
    application_pid=$!
    started+=("$application_pid")
    eventually port_open "$application_port" || die 'the application did not start'
}

# sidecar ARGUMENT...: certgate in front of it.
sidecar() {
    gate_start --client-auth off --upstream "http://127.0.0.1:$application_port" "$@"
}

# as_alb VERSION CURL-ARGUMENT...: one version of TLS, no verification, the User-Agent of its health checks.
as_alb() {
    local version=$1
    shift
    curl -sS -k --max-time 20 --http1.1 "--tlsv$version" --tls-max "$version" --ciphers 'DEFAULT:@SECLEVEL=0' \
        -A ELB-HealthChecker/2.0 -w '\n%{http_code}' "$@" 2>&1
}

# said EVENT: the log's lines of that event.
said() {
    grep "\"event\":\"$1\"" "$gate_dir/log"
}

# refused_as REASON: waits for the line, because a client may be gone before it is written.
refused_as() {
    eventually grep -q "\"event\":\"refused\".*\"reason\":\"$1\"" "$gate_dir/log"
    contains "the log says $1" "\"reason\":\"$1\"" "$(said refused)"
}

check_versions() {
    local version
    for version in 1.0 1.1 1.2 1.3; do
        is "TLS $version, health check" "$(printf 'fine\n\n200')" "$(as_alb "$version" "https://127.0.0.1:$gate_port/health")"
        is "TLS $version, a request" "$(printf 'the application\n\n200')" "$(as_alb "$version" "https://127.0.0.1:$gate_port/")"
    done
    is 'nobody was refused' '' "$(said refused)"
    is 'the health checks reached the application' 4 "$(grep -c 'GET /health ' "$work/application.log")"
}

check_default_versions() {
    is 'TLS 1.2 and 1.3 by default' '200 200' \
        "$(for version in 1.2 1.3; do as_alb "$version" -o /dev/null "https://127.0.0.1:$gate_port/"; done | xargs)"
    contains 'TLS 1.0 gets protocol_version' 'protocol version' "$(as_alb 1.0 "https://127.0.0.1:$gate_port/")"
    refused_as protocol_mismatch
}

# server_certificate NAME COMMAND...: with this one in the place of the server's.
server_certificate() {
    local server_cert=$work/$1.pem server_key=$work/$1.key
    shift
    "$@"
}

self_signed sidecar "$(date -u -d yesterday +%Y%m%d%H%M%SZ)" "$(date -u -d 'next year' +%Y%m%d%H%M%SZ)"
self_signed overdue 20200101000000Z 20210101000000Z
application_start

if server_certificate sidecar sidecar --tls-protocols TLSv1,TLSv1.1,TLSv1.2,TLSv1.3; then
    check_versions
fi
if server_certificate sidecar sidecar; then
    check_default_versions
    kill -TERM "$application_pid"
    eventually stopped "$application_pid"
    is 'a health check finds that the application is gone' 502 "$(as_alb 1.2 -o /dev/null "https://127.0.0.1:$gate_port/health" | xargs)"
fi
application_start

section 'a health path in front of mutual TLS'

# A health check shows no certificate; whoever else has none gets no further.
cat >"$work/health.toml" <<CONFIG
[[route]]
path = "/health"
client-auth = "off"
CONFIG
if gate_start --upstream "http://127.0.0.1:$application_port" --config "$work/health.toml"; then
    is 'a health check' "$(printf 'fine\n\n200')" "$(as_alb 1.2 "https://127.0.0.1:$gate_port/health")"
    is 'is all that there is without a certificate' 403 "$(status ask /)"
    is 'with one' 200 "$(status fetch /)"
fi

section 'odd protocols, ciphers and certificates behind an ALB'

check_sslv3() {
    local output
    output=$(exec_with_certificates "$binary" check --tls-protocols SSLv3 --certs-dir "$work/sslv3" 2>&1)
    is 'SSLv3 asked for: exit code' 78 $?
    contains 'SSLv3 asked for: what was found' SSLv3 "$output"
    contains 'SSLv3 asked for: what there is' TLSv1.2 "$output"
}

check_old_only() {
    contains 'TLS 1.0 only: a TLS 1.0 client' 'the application' "$(request | tls_client -tls1 -cipher 'DEFAULT:@SECLEVEL=0')"
    # The server can't know that the client takes nothing older than what it names: it is the client that says no.
    contains 'TLS 1.0 only: a TLS 1.2 client' 'unsupported protocol' "$(tls_client -tls1_2)"
    refused_as protocol_mismatch
}

check_restricted_ciphers() {
    is 'one cipher: who has it' 200 "$(as_alb 1.2 -o /dev/null --ciphers ECDHE-RSA-AES256-GCM-SHA384 \
        "https://127.0.0.1:$gate_port/" | xargs)"
    is 'one cipher: who has not gets handshake_failure' 40 "$(alert -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256)"
    refused_as no_shared_cipher
}

check_overdue() {
    contains 'an expired certificate: a warning at the start' '"level":"WARN"' "$(grep -i 'expired' "$gate_dir/log")"
    is 'an expired certificate: an ALB takes it' 200 "$(as_alb 1.2 -o /dev/null "https://127.0.0.1:$gate_port/" | xargs)"
    curl -sS --max-time 20 --cacert "$work/overdue.pem" --connect-to "sidecar:443:127.0.0.1:$gate_port" \
        -o "$work/body" https://sidecar/ 2>"$work/curl.err"
    is 'an expired certificate: who verifies does not' 60 $?
    refused_as client_alert
    contains 'and with what' 'certificate expired' "$(said refused | tr _ ' ')"
}

check_sslv3
if sidecar --tls-protocols TLSv1; then
    check_old_only
fi
if server_certificate sidecar sidecar --tls-protocols TLSv1.2 --tls-ciphers ECDHE-RSA-AES256-GCM-SHA384; then
    check_restricted_ciphers
fi
if server_certificate overdue sidecar; then
    check_overdue
fi
gate_stop
kill -TERM "$application_pid"
