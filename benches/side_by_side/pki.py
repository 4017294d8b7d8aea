"""Certificates, made for this run: a CA, a server, and several clients, once with P-256 keys and once with RSA-2048."""

import pathlib
import subprocess

from machine import Failure

MAKER = pathlib.Path(__file__).resolve().parents[2] / "certs-example" / "make.sh"


class Pki:
    """`ca`, `certificate` and `key` are the server's files; `clients` are (certificate, key)."""

    def __init__(self, directory, algorithm, clients):
        self.directory = directory
        shell(MAKER, "--days", "2", *(["--rsa"] if algorithm == "rsa" else []), directory)
        self.ca = directory / "ca.pem"
        self.certificate = directory / "server.pem"
        self.key = directory / "server.key"
        self.clients = [(directory / "client.pem", directory / "client.key")]
        self.clients += [self._client(number, algorithm) for number in range(1, clients)]
        # One file for HAProxy; the names that certgate expects.
        (directory / "server-both.pem").write_bytes(self.certificate.read_bytes() + self.key.read_bytes())
        certs = directory / "certs"
        certs.mkdir(mode=0o700)
        for source, name in ((self.certificate, "server_cert.cer"), (self.key, "server_key.key"),
                             (self.ca, "client_cert.pem")):
            (certs / name).write_bytes(source.read_bytes())
            (certs / name).chmod(0o600)
        self.certgate_directory = certs

    def _client(self, number, algorithm):
        key, certificate = self.directory / f"client-{number}.key", self.directory / f"client-{number}.pem"
        kind = ["rsa:2048"] if algorithm == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        request = self.directory / "request"
        extensions = self.directory / "client.ext"
        extensions.write_text("basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\n"
                              "extendedKeyUsage = clientAuth\nsubjectKeyIdentifier = hash\n"
                              "authorityKeyIdentifier = keyid\n")
        shell("openssl", "req", "-new", "-newkey", *kind, "-nodes", "-sha256", "-keyout", key, "-out", request,
              "-subj", f"/O=certgate example/CN=client {number}")
        shell("openssl", "x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.directory / "ca.key",
              "-sha256", "-days", "2", "-set_serial", str(1000 + number), "-extfile", extensions, "-out", certificate)
        return certificate, key


def shell(*words):
    try:
        subprocess.run([str(word) for word in words], check=True, capture_output=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise Failure(f"{words[0]} is not installed") from error
    except subprocess.CalledProcessError as error:
        raise Failure(f"{words[0]} failed: {error.stderr.decode(errors='replace').strip()}") from error
