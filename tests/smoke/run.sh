#!/usr/bin/env bash
# The smoke test: real clients (curl, openssl s_client) and a real upstream (nginx) against the real binary.
#
#   tests/smoke/run.sh target/release/certgate
#
# Each check prints one line; all of them run, whatever fails. Exit 1 if any failed.
# Needs curl, openssl, nginx, haproxy and python3. Listens on free ports of 127.0.0.1 only.

# Not -e: a check that fails is counted, and the next one runs.
set -uo pipefail
umask 077

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/smoke/lib.sh
. "$here/lib.sh"
# shellcheck source=tests/smoke/fixtures.sh
. "$here/fixtures.sh"

[ $# -eq 1 ] || die 'usage: run.sh BINARY'
binary=$(realpath -e "$1" 2>/dev/null) || die "$1: no such file; build it with: cargo build --release"
[ -x "$binary" ] || die "$1: not executable"
for tool in curl openssl nginx haproxy python3; do
    command -v "$tool" >/dev/null || die "$tool is not installed"
done

exec </dev/null
# Only what a check sets is set.
for name in $(compgen -e CERTGATE_) $(compgen -e SSL_); do unset "$name"; done

work=$(mktemp -d)
trap clean_up EXIT
trap 'exit 130' INT TERM

make_certificates
make_content

# In the order in which an operator would lose faith.
# shellcheck source=tests/smoke/drop_in.sh
. "$here/drop_in.sh"
# shellcheck source=tests/smoke/refusals.sh
. "$here/refusals.sh"
# shellcheck source=tests/smoke/protocols.sh
. "$here/protocols.sh"
# shellcheck source=tests/smoke/upstreams.sh
. "$here/upstreams.sh"
# shellcheck source=tests/smoke/balancer.sh
. "$here/balancer.sh"
# shellcheck source=tests/smoke/proxy_protocol.sh
. "$here/proxy_protocol.sh"
# shellcheck source=tests/smoke/unix_listener.sh
. "$here/unix_listener.sh"
# shellcheck source=tests/smoke/commands.sh
. "$here/commands.sh"
# shellcheck source=tests/smoke/verify.sh
. "$here/verify.sh"
# shellcheck source=tests/smoke/shutdown.sh
. "$here/shutdown.sh"
# shellcheck source=tests/smoke/setups.sh
. "$here/setups.sh"
# shellcheck source=tests/smoke/rolling.sh
. "$here/rolling.sh"
# shellcheck source=tests/smoke/side_by_side.sh
. "$here/side_by_side.sh"

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
