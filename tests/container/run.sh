#!/usr/bin/env bash
# The container test: the image of entrypoint/Dockerfile, run as on Fargate's smallest task, without a daemon.
#
#   tests/container/run.sh STATIC_BINARY
#
# Read-only, without capabilities but that for port 443, with a tmpfs, 0.25 CPU and 512 MB. Needs root, buildah, podman,
# runc, iproute2, binutils, curl, openssl and python3. Each container has a network namespace of its own: nothing is bound outside of it.
# Each check prints one line; exit 1 if any failed.

set -uo pipefail
umask 077

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/tests/smoke
# shellcheck source=tests/smoke/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/smoke/fixtures.sh
. "$here/fixtures.sh"

[ $# -eq 1 ] || die 'usage: run.sh STATIC_BINARY'
binary=$(realpath -e "$1" 2>/dev/null) || die "$1: no such file"
for tool in buildah podman runc ip readelf curl openssl python3; do
    command -v "$tool" >/dev/null || die "$tool is not installed"
done
[ "$(id -u)" -eq 0 ] || die 'needs root: it makes network namespaces'

exec </dev/null
work=$(mktemp -d)
space=certgate-$$
containers=()
trap remove_all EXIT
trap 'exit 130' INT TERM

remove_all() {
    local name
    for name in "${containers[@]}"; do
        podman_ rm --force --time 0 "$name" >/dev/null 2>&1
    done
    podman_ rmi --all --force >/dev/null 2>&1
    ip netns delete "$space" 2>/dev/null
    clean_up
}

# Storage, sockets and settings of its own; fewer descriptors than the default, which not every machine grants.
cat >"$work/containers.conf" <<CONFIG
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=1000:1000"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
CONFIG
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$work/policy.json"
export CONTAINERS_CONF=$work/containers.conf
storage=(--root "$work/storage" --runroot "$work/runroot" --storage-driver vfs)

podman_() {
    podman "${storage[@]}" "$@"
}

inside() {
    ip netns exec "$space" "$@"
}

# run NAME ARGUMENT...: a container from the image, in the namespace, as small as Fargate has them.
run() {
    local name=$1
    shift
    containers+=("$name")
    podman_ run --detach --name "$name" --network "ns:/run/netns/$space" --cpus 0.25 --memory 512m --read-only \
        --read-only-tmpfs=false --security-opt no-new-privileges --cap-drop ALL \
        -e SSL_SERVER_CERTIFICATE="$(cat "$pki/server.pem")" -e SSL_SERVER_KEY="$(cat "$pki/server.key")" \
        -e SSL_CLIENT_CERTIFICATE="$(cat "$pki/ca.pem")" -v "$work/html:/usr/share/certgate/html:ro" \
        "$@" >"$work/run.log" 2>&1 || is "container $name starts" started "$(tail -n 3 "$work/run.log")"
}

logs() {
    podman_ logs "$1" 2>&1
}

is_ready() {
    logs "$1" | grep -q '"event":"ready"'
}

ready() {
    eventually is_ready "$1" || is "container $1 gets ready" ready "$(logs "$1" | tail -n 5)"
}

state() {
    podman_ inspect --format "{{$2}}" "$1"
}

ask() {
    inside curl -s --cacert "$pki/ca.pem" --resolve localhost:443:127.0.0.1 "$@"
}

stop() {
    podman_ stop --time 20 "$1" >/dev/null 2>&1
}

make_certificates
make_content
chmod -R a+rX "$work/html"
chmod a+x "$work"
if ! { ip netns add "$space" && inside ip link set lo up; }; then
    echo "skipped: no network namespace can be made here"
    exit 0
fi

section 'the image'

mkdir -p "$work/ready/out"
cp "$binary" "$work/ready/out/certgate"
chmod 755 "$work/ready/out/certgate"
buildah "${storage[@]}" bud --isolation chroot --format docker --signature-policy "$work/policy.json" --quiet \
    --build-context "build=$work/ready" -f "$root/entrypoint/Dockerfile" -t certgate "$root" >"$work/build.log" 2>&1
is 'builds from scratch' 0 $?
[ "$failed" -eq 0 ] || tail -n 5 "$work/build.log"
size=$(podman_ image inspect --format '{{.Size}}' certgate)
is "is smaller than 20 MB ($((size / 1000)) kB)" yes "$([ "$size" -lt 20000000 ] && echo yes)"
is 'the binary is static' no "$(readelf -l "$binary" | grep -q INTERP && echo yes || echo no)"

# Not in every container or sandbox may one run another: that is nothing that certgate could do about.
if ! said=$(podman_ run --rm --network none --cpus 0.25 --memory 512m --read-only --cap-drop ALL certgate --version \
    2>"$work/run.log") && "$binary" --version >/dev/null; then
    echo "skipped: no container can be run here: $(tail -n 1 "$work/run.log")"
    echo "$passed passed, $failed failed, the rest skipped"
    [ "$failed" -eq 0 ]
    exit
fi
is 'runs' "$("$binary" --version)" "$said"

section 'as the nginx container: three variables, port 443'

run drop-in --cap-add NET_BIND_SERVICE --tmpfs /run/certgate:mode=0700 certgate
ready drop-in
started_at=$(date -d "$(state drop-in .State.StartedAt | sed 's/ [A-Z]*$//')" +%s%N)
ready_at=$(date -d "$(logs drop-in | sed -n 's/.*"timestamp":"\([^"]*\)".*"event":"ready".*/\1/p')" +%s%N)
took=$(((ready_at - started_at) / 1000000))
is "is ready within a second ($took ms)" yes "$([ "$took" -lt 1000 ] && echo yes)"
is 'a client with a certificate gets the content' "<h1>$marker</h1>" \
    "$(ask --cert "$pki/client.pem" --key "$pki/client.key" https://localhost/)"
ask -o "$work/nothing" https://localhost/
is 'a client without one is refused' 56 $?
podman_ healthcheck run drop-in >/dev/null 2>&1
is 'HEALTHCHECK' 0 $?
is 'healthy' healthy "$(state drop-in .State.Healthcheck.Status 2>/dev/null || state drop-in .State.Health.Status)"
pid=$(state drop-in .State.Pid)
is 'certgate is PID 1' 1 "$(awk '/^NSpid:/ { print $NF }' "/proc/$pid/status")"
is 'no capability is left' 0000000000000000 "$(awk '/^CapEff:/ { print $2 }' "/proc/$pid/status")"
is 'no new privileges' 1 "$(awk '/^NoNewPrivs:/ { print $2 }' "/proc/$pid/status")"
is 'the key is not in the environment' 0 "$(tr '\0' '\n' <"/proc/$pid/environ" | grep -c 'PRIVATE KEY')"
is 'the key is in the tmpfs, for its owner alone' 600 "$(stat -c %a "/proc/$pid/root/run/certgate/certs/server_key.key")"
is 'it knows how much CPU it has' 1 "$(logs drop-in | sed -n 's/.*"event":"ready".*"workers":\([0-9]*\).*/\1/p')"
memory=$(awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status")
is "it is small ($memory kB)" yes "$([ "$memory" -lt 65536 ] && echo yes)"

mkdir -p "$work/html/files" && ln "$work/files/big" "$work/html/files/big" && chmod -R a+rX "$work/html"
ask --cert "$pki/client.pem" --key "$pki/client.key" --limit-rate 40M -o "$work/slow" https://localhost/files/big &
download=$!
started+=("$download")
eventually test -s "$work/slow"
stop drop-in
wait "$download"
is 'SIGTERM to PID 1: a running download completes' 0 $?
is 'and is whole' "$big_hash" "$(hash_of "$work/slow")"
is 'and the exit code is' 0 "$(state drop-in .State.ExitCode)"

section 'as another user'

# Docker's tmpfs takes uid=65532; podman's doesn't, and runc gives it the mode of the image's directory. So a volume.
mkdir -m 0700 "$work/volume" && chown 65532 "$work/volume"
run unprivileged --user 65532 -v "$work/volume:/run/certgate" -e CERTGATE_LISTEN=0.0.0.0:8443 certgate
ready unprivileged
is 'on a port above 1023' 200 "$(inside curl -s -o /dev/null -w '%{http_code}' --cacert "$pki/ca.pem" \
    --cert "$pki/client.pem" --key "$pki/client.key" https://localhost:8443/)"
stop unprivileged
run dropping --tmpfs /run/certgate:mode=0755 -e CERTGATE_USER=65532 \
    --cap-add NET_BIND_SERVICE --cap-add SETUID --cap-add SETGID --cap-add CHOWN certgate
ready dropping
is 'with CERTGATE_USER on port 443' 200 "$(ask -o /dev/null -w '%{http_code}' --cert "$pki/client.pem" \
    --key "$pki/client.key" https://localhost/)"
is 'as that user' 65532 "$(awk '/^Uid:/ { print $3 }' "/proc/$(state dropping .State.Pid)/status")"
stop dropping

section 'in front of an application, by a name of /etc/hosts'

inside python3 -m http.server --bind 127.0.0.1 --directory "$work/html" 8080 >"$work/upstream.log" 2>&1 &
started+=("$!")
eventually inside bash -c ': <>/dev/tcp/127.0.0.1/8080'
run sidecar --cap-add NET_BIND_SERVICE --tmpfs /run/certgate:mode=0700 --add-host application:127.0.0.1 \
    -e CERTGATE_UPSTREAM=http://application:8080 certgate
ready sidecar
is 'the static binary finds the name' "<h1>$marker</h1>" \
    "$(ask --cert "$pki/client.pem" --key "$pki/client.key" https://localhost/)"
stop sidecar

section 'what is wrong is said'

run no-tmpfs --cap-add NET_BIND_SERVICE certgate
eventually test "$(state no-tmpfs .State.Status)" = exited
contains 'without a tmpfs' 'mount a tmpfs' "$(logs no-tmpfs)"
is 'exit code' 78 "$(state no-tmpfs .State.ExitCode)"
run no-right --tmpfs /run/certgate:mode=0700 certgate
eventually test "$(state no-right .State.Status)" = exited
# Some kernels let everybody bind low ports in a namespace (net.ipv4.ip_unprivileged_port_start).
if [ "$(inside cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" -gt 443 ]; then
    contains 'without the right to bind port 443' 'CAP_NET_BIND_SERVICE' "$(logs no-right)"
fi

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
