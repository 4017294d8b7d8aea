# shellcheck shell=bash
# Who is not let in learns why by an alert, and nothing else. Alert numbers: 40 handshake_failure, 45 certificate_expired,
# 48 unknown_ca, 116 certificate_required.

section 'refusals'

# refused NAME CURL-ARGUMENT...: curl fails and has nothing to show.
refused() {
    local name=$1 rc
    shift
    : >"$work/body"
    ask / "$@" -o "$work/body" 2>"$work/curl.err"
    rc=$?
    is_not "$name: curl fails" 0 "$rc"
    is "$name: no byte of content" 0 "$(wc -c <"$work/body")"
}

check_alerts() {
    local flag
    local -a other=(-cert "$work/other-pki/client.pem" -key "$work/other-pki/client.key")
    local -a expired=(-cert "$work/expired.pem" -key "$pki/client.key")

    is 'TLS 1.2, no certificate: alert' 40 "$(alert -tls1_2)"
    is 'TLS 1.3, no certificate: alert' 116 "$(alert -tls1_3)"
    for flag in -tls1_2 -tls1_3; do
        is "$flag, certificate of another CA: alert" 48 "$(alert "$flag" "${other[@]}")"
        is "$flag, expired certificate: alert" 45 "$(alert "$flag" "${expired[@]}")"
        is "$flag, accepted certificate: no alert" none \
            "$(request | alert "$flag" -cert "$pki/client.pem" -key "$pki/client.key")"
    done
}

check_curl_is_refused() {
    refused 'TLS 1.2, no certificate' --tlsv1.2 --tls-max 1.2
    contains 'TLS 1.2, no certificate: what curl says' 'alert handshake failure' "$(cat "$work/curl.err")"
    refused 'TLS 1.3, no certificate' --tlsv1.3
    contains 'TLS 1.3, no certificate: what curl says' 'alert certificate required' "$(cat "$work/curl.err")"
    refused 'certificate of another CA' --cert "$work/other-pki/client.pem" --key "$work/other-pki/client.key"
    contains 'certificate of another CA: what curl says' 'alert unknown ca' "$(cat "$work/curl.err")"
    refused 'expired certificate' --cert "$work/expired.pem" --key "$pki/client.key"
    contains 'expired certificate: what curl says' 'alert certificate expired' "$(cat "$work/curl.err")"
}

if gate_start; then
    check_alerts
    check_curl_is_refused
    is 'and those with a certificate still get in' 200 "$(status fetch /)"
fi

if gate_start --client-auth optional; then
    is '--client-auth optional, no certificate' 200 "$(status ask /)"
    is '--client-auth optional, certificate' 200 "$(status fetch /)"
    refused '--client-auth optional, certificate of another CA' \
        --cert "$work/other-pki/client.pem" --key "$work/other-pki/client.key"
fi

if gate_start --client-auth off; then
    is '--client-auth off, no certificate' 200 "$(status ask /)"
    is '--client-auth off, certificate of another CA' 200 "$(status fetch_as "$work/other-pki/client" /)"
fi

if gate_start --refusal page; then
    is '--refusal page, certificate' 200 "$(status fetch /)"
    is '--refusal page, no certificate' 403 "$(status ask /)"
    contains '--refusal page: the page says what is missing' certificate "$(cat "$work/body")"
    is '--refusal page: nothing of the content' 0 "$(grep -c "$marker" "$work/body")"
    is '--refusal page, certificate of another CA' 403 "$(status fetch_as "$work/other-pki/client" /)"
fi
