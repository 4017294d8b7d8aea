#!/bin/sh
# Makes an example PKI to try certgate with: a CA, a server certificate, a client certificate, a revoked client and
# the CRL that says so. Needs nothing but openssl (1.1.1 or later) or LibreSSL. Not for production: the CA's key lies
# unencrypted beside the rest.
set -eu
umask 077

here=$(cd "$(dirname "$0")" && pwd)

usage() {
    cat <<'USAGE'
usage: make.sh [OPTION]... [DIRECTORY]

Makes an example PKI in DIRECTORY (default: out, beside this script).

  --san NAME        one more DNS name or IP address for the server certificate; repeatable
  --days N          how long the certificates and the CRL hold (default: 365)
  --rsa             RSA-2048 keys instead of P-256
  --p12 PASSWORD    also write client.p12, for browsers
  --force           replace the PKI that DIRECTORY holds
  --help            this text
USAGE
}

wrong_usage() {
    echo "make.sh: $1 (see --help)" >&2
    exit 2
}

fail() {
    echo "make.sh: $1" >&2
    exit 1
}

# --- the command line ---

out=
days=365
algorithm=ec
p12_password=
force=no
sans='DNS:localhost,IP:127.0.0.1,IP:::1'

# An address goes into the certificate as an IP entry: clients look for addresses nowhere else.
san_entry() {
    case $1 in
        '' | *[!A-Za-z0-9.:*-]*) wrong_usage "--san '$1' is neither a DNS name nor an address" ;;
        *:*) echo "IP:$1" ;;
        *[!0-9.]*) echo "DNS:$1" ;;
        *) echo "IP:$1" ;;
    esac
}

while [ $# -gt 0 ]; do
    case $1 in
        --san | --days | --p12) [ $# -ge 2 ] || wrong_usage "$1 needs a value" ;;
    esac
    case $1 in
        --san)
            entry=$(san_entry "$2")
            sans=$sans,$entry
            shift
            ;;
        --days)
            case $2 in '' | 0* | *[!0-9]*) wrong_usage "--days '$2' is not a number of days" ;; esac
            days=$2
            shift
            ;;
        --p12)
            [ -n "$2" ] || wrong_usage "--p12 needs a password that is not empty"
            p12_password=$2
            shift
            ;;
        --rsa) algorithm=rsa ;;
        --force) force=yes ;;
        --help | -h)
            usage
            exit 0
            ;;
        -*) wrong_usage "unknown option $1" ;;
        *)
            [ -z "$out" ] || wrong_usage "more than one directory: $out, $1"
            out=$1
            ;;
    esac
    shift
done

command -v openssl >/dev/null || fail "openssl is not installed"

out=${out:-$here/out}
parent=$(dirname "$out")
[ -d "$parent" ] || fail "$parent is not a directory; make it first"
out=$(cd "$parent" && pwd)/$(basename "$out")

# --- what is there already ---

made_here='ca.pem ca.key server.pem server-chain.pem server.key client.pem client-chain.pem client.key client.p12
revoked.pem revoked.key crl.pem'

# Succeeds if nothing but what this script makes is in the directory, so that --force can't delete anything else.
holds_only_our_files() {
    for found in "$1"/* "$1"/.[!.]*; do
        [ -e "$found" ] || continue
        # shellcheck disable=SC2086 # one word a file name
        printf '%s\n' $made_here | grep -qxF "$(basename "$found")" || return 1
    done
}

if [ -e "$out" ]; then
    [ -d "$out" ] || fail "$out exists and is not a directory"
    holds_only_our_files "$out" || fail "$out holds files that this script didn't make; choose another directory"
    if [ -n "$(ls -A "$out")" ] && [ "$force" = no ]; then
        fail "$out already holds a PKI; --force replaces it"
    fi
fi

# --- the PKI, made in a directory beside and renamed at the end: there is a whole one or none ---

new=$(mktemp -d "$(dirname "$out")/.make-certs.XXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$new/pki" "$new/db"
cd "$new/pki"

# openssl chats about success on stderr; its words are wanted only if it fails.
quietly() {
    "$@" >"$new/said" 2>&1 || {
        cat "$new/said" >&2
        fail "'$1 ${2-}' failed"
    }
}

cat >"$new/openssl.cnf" <<CONFIG
[req]
distinguished_name = dn
prompt = no
[dn]
CN = replaced by -subj

[ca_cert]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign, digitalSignature
subjectKeyIdentifier = hash

[server_cert]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = $sans

[client_cert]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid

[ca]
default_ca = revocations
[revocations]
database = $new/db/index.txt
crlnumber = $new/db/crlnumber
certificate = $new/pki/ca.pem
private_key = $new/pki/ca.key
default_md = sha256
default_crl_days = $days
crl_extensions = crl
[crl]
authorityKeyIdentifier = keyid
CONFIG
: >"$new/db/index.txt"
echo 01 >"$new/db/crlnumber"

new_key() {
    if [ "$algorithm" = rsa ]; then
        quietly openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key"
    else
        quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve \
            -out "$1.key"
    fi
}

# Random serials, so that certificates of an earlier run are never mistaken for these.
new_serial() {
    echo "0x1$(openssl rand -hex 15)"
}

new_ca() {
    new_key ca
    quietly openssl req -new -x509 -config "$new/openssl.cnf" -extensions ca_cert -key ca.key -sha256 \
        -subj "$1" -days "$days" -set_serial "$(new_serial)" -out ca.pem
}

# new_leaf NAME SUBJECT PROFILE: NAME.key and NAME.pem, signed by the CA.
new_leaf() {
    new_key "$1"
    quietly openssl req -new -config "$new/openssl.cnf" -key "$1.key" -sha256 -subj "$2" -out "$new/request"
    quietly openssl x509 -req -in "$new/request" -CA ca.pem -CAkey ca.key -sha256 -set_serial "$(new_serial)" \
        -days "$days" -extfile "$new/openssl.cnf" -extensions "$3" -out "$1.pem"
}

new_ca '/O=certgate example/CN=Example CA'
new_leaf server '/O=certgate example/CN=localhost' server_cert
new_leaf client '/O=certgate example/CN=example client' client_cert
new_leaf revoked '/O=certgate example/CN=revoked client' client_cert
cat server.pem ca.pem >server-chain.pem
cat client.pem ca.pem >client-chain.pem

quietly openssl ca -config "$new/openssl.cnf" -revoke revoked.pem
quietly openssl ca -config "$new/openssl.cnf" -gencrl -out crl.pem

if [ -n "$p12_password" ]; then
    # Through the environment: arguments are there for every user of the machine to read.
    P12_PASSWORD=$p12_password
    export P12_PASSWORD
    quietly openssl pkcs12 -export -in client.pem -inkey client.key -certfile ca.pem -name 'certgate example client' \
        -passout env:P12_PASSWORD -out client.p12
fi

quietly openssl verify -CAfile ca.pem -purpose sslserver server.pem
quietly openssl verify -CAfile ca.pem -purpose sslclient client.pem revoked.pem

# --- into its place ---

cd "$here"
if [ -d "$out" ]; then
    mv "$out" "$new/old"
fi
mv "$new/pki" "$out" || {
    [ ! -d "$new/old" ] || mv "$new/old" "$out"
    fail "could not put the new PKI in place; what was there is unchanged"
}

cat <<DONE
Made in $out, valid for $days days:
  ca.pem      ca.key        the CA
  server.pem  server.key    the server: $sans
  client.pem  client.key    a client that is let in
  revoked.pem revoked.key   a client that crl.pem revokes
  crl.pem                   the revocation list
  server-chain.pem client-chain.pem   the same certificates with their CA behind them
DONE
[ -z "$p12_password" ] || echo "  client.p12                client.pem, client.key and ca.pem for a browser"
cat <<NEXT

Start the gateway:
  cd '$out'
  SSL_SERVER_CERTIFICATE="\$(cat server.pem)" \\
  SSL_SERVER_KEY="\$(cat server.key)" \\
  SSL_CLIENT_CERTIFICATE="\$(cat ca.pem)" \\
    certgate serve --listen 127.0.0.1:8443 --certs-dir "\$(mktemp -d)" --root "\$(mktemp -d)"

Ask it, from a second terminal:
  cd '$out'
  curl --cacert ca.pem --cert client.pem --key client.key https://localhost:8443/

For a trial on ECS, the same three as SSM parameters:
  # aws ssm put-parameter --type SecureString --name /certgate/server-certificate --value file://server.pem
  # aws ssm put-parameter --type SecureString --name /certgate/server-key         --value file://server.key
  # aws ssm put-parameter --type SecureString --name /certgate/client-certificate --value file://ca.pem
NEXT
