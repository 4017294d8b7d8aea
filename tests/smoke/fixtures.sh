# shellcheck shell=bash
# What certgate is tried with: certificates, and 100 MB of content. Sets pki, marker, big_hash.

make_certificates() {
    local maker
    maker=$(realpath "$here/../../certs-example/make.sh")
    pki=$work/pki
    "$maker" "$pki" >"$work/make.log" 2>&1 || die "certs-example/make.sh failed: $(cat "$work/make.log")"
    "$maker" "$work/other-pki" >"$work/make.log" 2>&1 || die "certs-example/make.sh failed: $(cat "$work/make.log")"
    make_expired_client
}

# 'openssl ca' is the one command that takes both dates in every version of OpenSSL.
make_expired_client() {
    local ca=$work/ca
    mkdir "$ca"
    : >"$ca/index.txt"
    cat >"$ca/openssl.cnf" <<CONFIG
[ca]
default_ca = here
[here]
database = $ca/index.txt
new_certs_dir = $ca
certificate = $pki/ca.pem
private_key = $pki/ca.key
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
[client]
extendedKeyUsage = clientAuth
CONFIG
    {
        openssl req -new -key "$pki/client.key" -subj '/CN=expired client' -out "$ca/request" &&
            openssl ca -batch -notext -config "$ca/openssl.cnf" -extensions client -in "$ca/request" \
                -startdate 20200101000000Z -enddate 20210101000000Z -out "$work/expired.pem"
    } >"$ca/log" 2>&1 || die "could not make an expired certificate: $(cat "$ca/log")"
}

marker='the protected content'

make_content() {
    mkdir "$work/html" "$work/files"
    echo "<h1>$marker</h1>" >"$work/html/index.html"
    head -c 104857600 /dev/urandom >"$work/files/big"
    big_hash=$(hash_of "$work/files/big")
}

hash_of() {
    sha256sum <"$1" | cut -d' ' -f1
}
