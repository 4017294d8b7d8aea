# shellcheck shell=bash
# What the checks share: how a check is reported, and how certgate, nginx and the clients are started.
# Of the running certgate they may use gate_port, gate_admin, gate_dir (its log and certificates) and gate_pid.

passed=0
failed=0
started=() # the ids of all processes to end
gate_pid=  # the certgate that runs now, if any

die() {
    echo "smoke: $1" >&2
    exit 2
}

# --- reporting ---

section() {
    printf '\n%s\n' "$1"
}

# is NAME EXPECTED GOT
is() {
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
        echo "ok      $1"
    else
        failed=$((failed + 1))
        echo "FAILED  $1: expected '$2', got '$3'"
    fi
}

# contains NAME PART TEXT
contains() {
    case $3 in
        *"$2"*) is "$1" "$2" "$2" ;;
        *) is "$1" "…$2…" "$(printf '%s' "$3" | tail -n 3)" ;;
    esac
}

# is_not NAME UNWANTED GOT
is_not() {
    if [ "$2" != "$3" ]; then
        is "$1" same same
    else
        is "$1" "anything but $2" "$3"
    fi
}

# --- waiting ---

# eventually COMMAND...: polls until it succeeds, 10 s at most.
eventually() {
    local deadline=$((SECONDS + 10))
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.05
    done
}

running() {
    kill -0 "$1" 2>/dev/null
}

stopped() {
    ! running "$1"
}

# Below the range from which the kernel takes ports for outgoing connections; never the same one twice.
next_port=$((20000 + RANDOM % 8000))
# free_port: sets free. Not on stdout, because a subshell would forget which ports are taken.
free_port() {
    next_port=$((next_port + 1))
    while (: <>"/dev/tcp/127.0.0.1/$next_port") 2>/dev/null; do
        next_port=$((next_port + 1))
    done
    free=$next_port
}

# --- processes ---

clean_up() {
    local pid
    for pid in "${started[@]}"; do
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$work"
}

# The three variables of the nginx container for the command given, which takes the place of the process: in the
# background or in a subshell only.
exec_with_certificates() {
    SSL_SERVER_CERTIFICATE=$(cat "${server_cert:-$pki/server.pem}")
    SSL_SERVER_KEY=$(cat "${server_key:-$pki/server.key}")
    SSL_CLIENT_CERTIFICATE=$(cat "$pki/ca.pem")
    export SSL_SERVER_CERTIFICATE SSL_SERVER_KEY SSL_CLIENT_CERTIFICATE
    exec "$@"
}

# gate_start ARGUMENT...: certgate serve, until it is ready. Ends the one before.
gate_start() {
    gate_stop
    free_port && gate_port=$free
    free_port && gate_admin=$free
    gate_dir=$(mktemp -d "$work/gate.XXXXXX")
    exec_with_certificates "$binary" serve --listen "127.0.0.1:$gate_port" --admin "127.0.0.1:$gate_admin" \
        --certs-dir "$gate_dir/certs" --root "$work/html" "$@" >"$gate_dir/log" 2>&1 &
    gate_pid=$!
    started+=("$gate_pid")
    if ! eventually gate_ready_or_gone || ! gate_ready; then
        is "certgate serve $* gets ready" ready "$(tail -n 5 "$gate_dir/log")"
        gate_stop
        return 1
    fi
}

gate_ready() {
    curl -sf -o "$work/ready" "http://127.0.0.1:$gate_admin/readyz"
}

gate_ready_or_gone() {
    gate_ready || stopped "$gate_pid"
}

gate_stop() {
    [ -n "$gate_pid" ] || return 0
    kill -TERM "$gate_pid" 2>/dev/null
    eventually stopped "$gate_pid" || kill -KILL "$gate_pid"
    wait "$gate_pid" 2>/dev/null
    gate_pid=
}

# nginx_start DIRECTORY PORT: nginx with DIRECTORY/http.conf inside its http block, in the foreground with one process,
# so that its id is the one started. Sets nginx_pid.
nginx_start() {
    # Every path is named: the built-in ones belong to a system-wide nginx.
    cat >"$1/nginx.conf" <<CONFIG
daemon off; master_process off; pid $1/pid; error_log $1/error.log;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path $1/body; proxy_temp_path $1/proxy;
    fastcgi_temp_path $1/fastcgi; uwsgi_temp_path $1/uwsgi; scgi_temp_path $1/scgi;
    types { text/html html; }
    include $1/http.conf;
}
CONFIG
    # -e too: before it reads its configuration nginx writes to the system's log.
    nginx -e "$1/error.log" -p "$1" -c "$1/nginx.conf" >"$1/said" 2>&1 &
    nginx_pid=$!
    started+=("$nginx_pid")
    eventually port_open "$2" || die "nginx did not start: $(cat "$1/said" "$1/error.log" 2>/dev/null)"
}

# haproxy_start NAME: HAProxy with NAME.cfg in the work directory, in the foreground with one process. Sets haproxy_pid.
haproxy_start() {
    haproxy -db -f "$work/$1.cfg" >"$work/$1.said" 2>&1 &
    haproxy_pid=$!
    started+=("$haproxy_pid")
}

port_open() {
    (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# --- clients ---

# fetch PATH CURL-ARGUMENT...: as curl -k, quiet but for errors, bounded, with the client's certificate.
fetch() {
    local path=$1
    shift
    fetch_as "$pki/client" "$path" "$@"
}

# fetch_as CERTIFICATE-WITHOUT-SUFFIX PATH CURL-ARGUMENT...
fetch_as() {
    local who=$1 path=$2
    shift 2
    ask "$path" --cert "$who.pem" --key "$who.key" "$@"
}

# ask PATH CURL-ARGUMENT...: without a certificate.
ask() {
    local path=$1
    shift
    curl -sS -k --max-time 60 "$@" "https://127.0.0.1:$gate_port$path"
}

# status CURL-FUNCTION ARGUMENT...: only the status of the answer, 000 for none.
status() {
    "$@" -o "$work/body" -w '%{http_code}' 2>"$work/curl.err"
}

# tls_client ARGUMENT...: s_client, sending what stdin holds and reading until the server closes.
tls_client() {
    timeout 10 openssl s_client -connect "127.0.0.1:$gate_port" -ign_eof "$@" 2>&1
}

# alert ARGUMENT...: the number of the alert that the server sends, or 'none'. Without stdin it sends no request,
# so that nothing but the alert can end the connection.
alert() {
    local number
    number=$(tls_client "$@" | sed -n 's/.*SSL alert number \([0-9]*\).*/\1/p' | head -n 1)
    echo "${number:-none}"
}

request() {
    printf 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
}
