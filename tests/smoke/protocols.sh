# shellcheck shell=bash
# TLS versions, resumption, HTTP/2.

section 'protocols'

client=(-cert "$pki/client.pem" -key "$pki/client.key")
# A client that old refuses to run at OpenSSL's default security level.
tls_1_0=(-tls1 -cipher 'DEFAULT:@SECLEVEL=0')

# check_resumption FLAG: a second connection with the first one's session.
check_resumption() {
    local session=$work/session$1 second
    request | tls_client "$1" "${client[@]}" -sess_out "$session" >"$work/first"
    second=$(request | tls_client "$1" "${client[@]}" -sess_in "$session")
    contains "$1: the second connection resumes" 'Reused, TLSv1' "$second"
    contains "$1: and is served" "$marker" "$second"
}

# check_renegotiation: the line R makes s_client ask for another handshake, if -ign_eof doesn't forbid it.
check_renegotiation() {
    local said
    said=$({ echo R; sleep 1; request; } |
        timeout 10 openssl s_client -connect "127.0.0.1:$gate_port" -tls1_2 "${client[@]}" 2>&1)
    contains 'renegotiation: asked for' RENEGOTIATING "$said"
    contains 'renegotiation: refused' 'no renegotiation' "$said"
    is 'renegotiation: nothing of the content after it' 0 "$(grep -c "$marker" <<<"$said")"
}

if gate_start; then
    is 'TLS 1.0 is refused with protocol_version' 70 "$(alert "${tls_1_0[@]}" "${client[@]}")"
    check_resumption -tls1_2
    check_resumption -tls1_3
    check_renegotiation
    is 'HTTP/2 by ALPN' 2 "$(fetch / --http2 -o "$work/body" -w '%{http_version}')"
    is 'HTTP/2 brings the file' "$(cat "$work/html/index.html")" "$(cat "$work/body")"
    is 'HTTP/1.1 by ALPN' 1.1 "$(fetch / --http1.1 -o "$work/body" -w '%{http_version}')"
fi

if gate_start --tls-protocols TLSv1,TLSv1.1,TLSv1.2,TLSv1.3; then
    contains 'TLS 1.0 is served when asked for' "$marker" "$(request | tls_client "${tls_1_0[@]}" "${client[@]}")"
    contains 'TLS 1.3 beside it' "$marker" "$(request | tls_client -tls1_3 "${client[@]}")"
fi
