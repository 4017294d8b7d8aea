# shellcheck shell=bash
# The commands beside serve, and the example PKI's script.

section 'example PKI'

# verified ARGUMENT...: what openssl makes of a certificate of the example PKI.
verified() {
    openssl verify -x509_strict -CAfile "$pki/ca.pem" -CRLfile "$pki/crl.pem" "$@" 2>&1
}

contains 'the server is one' OK "$(verified -purpose sslserver "$pki/server.pem")"
contains 'the client is one, and not revoked' OK "$(verified -purpose sslclient -crl_check "$pki/client.pem")"
contains 'the revoked client is revoked' 'certificate revoked' "$(verified -crl_check "$pki/revoked.pem")"
is 'nothing is readable by others' '' "$(find "$pki" -perm /077)"
before=$(hash_of "$pki/ca.key")
"$here/../../certs-example/make.sh" "$pki" >"$work/make.log" 2>&1
is_not 'it is not overwritten: exit code' 0 $?
is 'it is not overwritten' "$before" "$(hash_of "$pki/ca.key")"

section 'commands'

# check_certificates: certgate check, as serve would be started. Prints what it says, returns its exit code.
check_certificates() {
    free_port
    (exec_with_certificates "$binary" check --listen "127.0.0.1:$free" --certs-dir "$work/check-certs" \
        --root "$work/html") 2>&1
}

said=$(check_certificates)
is 'check: exit code with certificates that fit' 0 $?
said=$(server_key=$pki/client.key check_certificates)
is "check: exit code with another certificate's key" 78 $?
contains 'check: names the variable at fault' SSL_SERVER_KEY "$said"
is 'check: shows no key' 0 "$(grep -c 'PRIVATE KEY' <<<"$said")"

if gate_start; then
    "$binary" health --admin "127.0.0.1:$gate_admin" >"$work/health" 2>&1
    is 'health: exit code while it is up' 0 $?
    gate_stop
    "$binary" health --admin "127.0.0.1:$gate_admin" >"$work/health" 2>&1
    is_not 'health: exit code after it' 0 $?
fi
