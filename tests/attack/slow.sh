# shellcheck shell=bash
# slowhttptest at each kind of listener, all at once, while good clients come. It shows no certificate: on TLS it meets a
# site where that may be, and another where it must not get past the handshake. Sourced by run.sh.
# shellcheck disable=SC2154 # binary, work, pki, seconds, here and failed are run.sh's

connections=${CONNECTIONS:-100}
# More than the port of plain HTTP has room for.
flood=${FLOOD:-1200}
# After so many seconds slowhttptest hangs up itself: what is open then was never closed. The port of plain HTTP gives
# 10 s for a header. Those who read slowly don't notice when they are cut: they have more in their own buffers.
length=20
readers_length=12

# What reads a body to its end, as slowly as it comes.
python3 - >"$work/upstream" <<'PYTHON' &
import http.server


class Reads(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Reads)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
started+=("$!")
until [ -s "$work/upstream" ]; do sleep 0.05; done

cat >"$work/routes.toml" <<TOML
[[route]]
prefix = "/upload"
upstream = "http://127.0.0.1:$(cat "$work/upstream")"
TOML
times=(--handshake-timeout="${HANDSHAKE_TIMEOUT:-3s}" --header-timeout="${HEADER_TIMEOUT:-3s}"
    --body-timeout="${BODY_TIMEOUT:-2s}" --send-timeout="${SEND_TIMEOUT:-2s}")

gate_start required --listen=127.0.0.1:0 "${times[@]}"
required=$(field listen)
required_admin=$(field admin)
required_gate=$gate required_log=$log
required_descriptors=$(descriptors)
gate_start optional --config="$work/routes.toml" --client-auth=optional --listen=127.0.0.1:0 \
    --listen=http://127.0.0.1:0 --trusted-proxies=127.0.0.1/32 --redirect=127.0.0.1:0 "${times[@]}"
tls=$(field listen)
plain=$(field listen 1)
plain=${plain#http://}
redirect=$(field redirect)
admin=$(field admin)

bench "${tls##*:}" "$seconds" "$work/quiet.json" &
quiet=$!
bench "${required##*:}" "$seconds" "$work/required-quiet.json"
wait "$quiet"
before_descriptors=$(descriptors)
before_memory=$(memory)

# slow NAME URL MODE ARGUMENT...: one of them, in the background.
attackers=()
slow() {
    local name=$1 url=$2
    shift 2
    timeout $((length + 20)) slowhttptest "$@" -p 3 -g -o "$work/$name" -u "$url" >"$work/$name.said" 2>&1 &
    attackers+=("$!")
}
# Not more of them in a second: this is about slow clients, and they share the CPUs.
all=(-c "$connections" -r 25)
# A header that never ends; a body with pauses longer than it may have; an answer of 64 MiB, 5 bytes a second.
headers=(-H -i 1 -l "$length" "${all[@]}")
body=(-B -i 4 -l "$length" "${all[@]}")
ranges=(-R -t GET -l "$length" "${all[@]}")
reader=(-X -w 10 -y 20 -n 1 -z 5 -l "$readers_length" "${all[@]}")
# As if a load balancer had it by https. It is the only header that slowhttptest takes in each mode.
by_https=(-j $'a=b\r\nX-Forwarded-Proto: https')

slow tls-headers "https://$tls/" "${headers[@]}"
slow tls-body "https://$tls/upload" "${body[@]}"
slow tls-ranges "https://$tls/page" "${ranges[@]}"
slow tls-reader "https://$tls/large" "${reader[@]}"
slow plain-headers "http://$plain/" "${headers[@]}" "${by_https[@]}"
slow plain-body "http://$plain/upload" "${body[@]}" "${by_https[@]}"
slow plain-ranges "http://$plain/page" "${ranges[@]}" "${by_https[@]}"
slow plain-reader "http://$plain/large" "${reader[@]}" "${by_https[@]}"
slow redirect-headers "http://$redirect/" -H -i 1 -l "$length" -c "$flood" -r 400
slow redirect-body "http://$redirect/" "${body[@]}"
slow redirect-ranges "http://$redirect/" "${ranges[@]}"
slow redirect-reader "http://$redirect/" -X -n 1 -z 64 -l "$length" "${all[@]}"
slow required-headers "https://$required/" "${headers[@]}"
slow required-reader "https://$required/large" "${reader[@]}"

# What slowhttptest can't: handshakes that never end.
python3 - "$connections" "$length" "${tls##*:}" "${required##*:}" >"$work/half-open" <<'PYTHON' &
import select, socket, sys, time

number, length, ports = int(sys.argv[1]), float(sys.argv[2]), [int(port) for port in sys.argv[3:]]
end, poll, held = time.monotonic() + length, select.poll(), {}
for port in ports:
    for _ in range(number):
        half = socket.create_connection(("127.0.0.1", port))
        half.send(b"\x16\x03\x01\x02\x00\x01")
        poll.register(half, select.POLLRDHUP)
        held[half.fileno()] = half
while held and (left := end - time.monotonic()) > 0:
    for descriptor, _ in poll.poll(left * 1000):
        poll.unregister(descriptor)
        held.pop(descriptor).close()
print(len(held))
PYTHON
attackers+=("$!")

sleep 1
bench "${tls##*:}" "$seconds" "$work/attacked.json" &
benching=$!
bench "${required##*:}" "$seconds" "$work/required-attacked.json"
wait "$benching"
echo "in it   $(descriptors) descriptors, $(memory) KiB, peak $(peak) KiB"
wait "${attackers[@]}" || true

# What slowhttptest says: whether the service was available in each second, and who hung up.
python3 - "$work" "$connections" "$flood" <<'PYTHON' || failed=1
import csv, pathlib, re, sys

work, connections, flood = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
failed = False
for said in sorted(work.glob("*.said")):
    name = said.stem
    text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", said.read_text(errors="replace"))
    status = re.search(r"Exit status: *(.*)", text)
    status = status[1].strip() if status else text[-200:]
    rows = [{key: int(value) for key, value in row.items()} for row in csv.DictReader(open(work / f"{name}.csv"))]
    most = max(row["Connected"] for row in rows)
    unavailable = [row["Seconds"] for row in rows if not row["Service Available"]]
    wrong = []
    # Where nobody gets in without a certificate, nothing is available to it.
    if unavailable and not name.startswith("required"):
        wrong.append(f"not available at {unavailable} s")
    # Of these certgate's log says when they were cut.
    if name not in ("tls-reader", "plain-reader", "required-reader") and status != "No open connections left":
        wrong.append("some were never closed")
    if most == 0 and not name.startswith("required"):
        wrong.append("nobody came in")
    print(f"{'FAILED' if wrong else 'ok    '}  slowhttptest {name}: {most} at most, {rows[-1]['Seconds']} s, {status}"
          + "".join(f"; {what}" for what in wrong))
    failed = failed or bool(wrong)
sys.exit(failed)
PYTHON

# count NAME-WITH-LABELS: of the metrics
count() {
    curl -s "http://$1/metrics" | awk -v name="$2" '$1 == name { print $2; found = 1 } END { if (!found) print 0 }'
}
settled "$before_descriptors"
# asked LOG CONDITION: how many requests in a log hold for it.
asked() {
    python3 - "$1" "$2" <<'PYTHON'
import json, sys
requests = [json.loads(line) for line in open(sys.argv[1]) if '"event":"request"' in line]
print(sum(bool(eval(sys.argv[2])) for r in requests))
PYTHON
}
readers='r["path"] == "/large" and not r["complete"] and r["ms"] >= 2000'
expect 'slow readers that were cut, of two listeners' "$(asked "$log" "$readers") == 2 * $connections"
expect 'and none of them late' "$(asked "$log" "$readers and r['ms'] > 6000") == 0"
expect 'half-open connections that were never closed' "$(cat "$work/half-open") == 0"
expect 'as their time was over, on one of two listeners' "$(count "$admin" 'certgate_refusals_total{reason="timeout"}') >= $connections"
expect 'slow bodies that got 408, of two listeners' "$(count "$admin" 'certgate_requests_total{status="408"}') == 2 * $connections"
expect 'redirected' "$(count "$admin" certgate_redirects_total) >= 3 * $connections"
expect 'connections are closed, but for those of good clients' "$(count "$admin" certgate_connections_open) == 0"
echo "redirect   $(count "$admin" 'certgate_connections_refused_total{limit="redirect"}') closed to make room"
expect 'without a certificate nobody asked for anything' "$(asked "$required_log" '"subject" not in r') == 0"
expect 'and all were refused for that' \
    "$(count "$required_admin" 'certgate_refusals_total{reason="no_certificate"}') >= 2 * $connections"
served "$work/quiet.json" "$work/attacked.json" 'optional'
served "$work/required-quiet.json" "$work/required-attacked.json" 'required'
# certgate looks every five seconds whether a flood is over, and gives back what it took.
most=$((before_memory + 10 * 1024))
for _ in $(seq 20); do
    if [ "$(memory)" -le "$most" ]; then break; fi
    sleep 0.5
done
echo "before  $before_descriptors descriptors, $before_memory KiB"
echo "after   $(descriptors) descriptors, $(memory) KiB, peak $(peak) KiB"
expect 'descriptors are back' "$(descriptors) <= $before_descriptors"
expect 'memory is back, KiB' "$(memory) <= $most"
events
gate=$required_gate log=$required_log
expect 'descriptors are back where a certificate is required' "$(descriptors) <= $required_descriptors + 2"
events
