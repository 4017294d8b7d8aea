"""nginx: the configuration of a server under test, and of the upstream."""

import grp
import os
import pwd

import peers
from machine import Failure


def server(place):
    """Arguments, environment."""
    sections = {"static": http(place, static(place)), "proxy": http(place, proxy(place))}
    load = ""
    if place.kind == "tunnel":
        module = peers.stream_module(place.binary)
        if module is None:
            raise Failure("has no stream module here: apt-get install libnginx-mod-stream")
        load = f"load_module {module};" if module else ""
        sections["tunnel"] = tunnel(place)
    return write(place, load, sections[place.kind])


def upstream(place):
    """Plain HTTP, the same files; says which connection it was asked on."""
    return write(place, "", http(place, f"""
    server {{
        listen 127.0.0.1:{place.port} backlog=4096;
        root {place.root};
        location = /connection {{ return 200 $connection; }}
    }}"""))


def write(place, load, section):
    configuration = place.directory / "nginx.conf"
    # A root shell's temporary directory is closed to nobody else's worker.
    user = f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};" if os.geteuid() == 0 else ""
    configuration.write_text(f"""{load}
daemon off; worker_processes 1; {user}
pid {place.directory}/pid; error_log {place.directory}/error.log;
events {{ worker_connections 8192; }}
{section}
""")
    return [place.binary, "-e", place.directory / "error.log", "-p", place.directory, "-c", configuration], {}


def http(place, server_block):
    here = place.directory
    return f"""http {{
    access_log off;
    sendfile on;
    types {{ text/html html; }}
    default_type application/octet-stream;
    keepalive_timeout 300s;
    keepalive_requests 1000000000;
    client_body_temp_path {here}/body; proxy_temp_path {here}/proxy; fastcgi_temp_path {here}/fastcgi;
    uwsgi_temp_path {here}/uwsgi; scgi_temp_path {here}/scgi;
    {server_block}
}}"""


def tls(place):
    return f"""
        listen 127.0.0.1:{place.port} ssl backlog=4096;
        ssl_certificate {place.pki.certificate};
        ssl_certificate_key {place.pki.key};
        ssl_client_certificate {place.pki.ca};
        ssl_verify_client on;
        ssl_protocols TLSv1.2 TLSv1.3;"""


def static(place):
    # open_file_cache spares nginx three system calls a request; certgate keeps small files in memory, too.
    return f"""
    open_file_cache max=100;
    server {{{tls(place)}
        root {place.root};
    }}"""


def proxy(place):
    # Without 'keepalive', 1.1 and the empty Connection header nginx would connect for each request; with a temporary
    # file it would write what a slow client leaves waiting to disk.
    return f"""
    upstream behind {{ server 127.0.0.1:{place.upstream}; keepalive 64; keepalive_requests 1000000000; }}
    server {{{tls(place)}
        location / {{
            proxy_pass http://behind;
            proxy_http_version 1.1;
            proxy_max_temp_file_size 0;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto https;
        }}
    }}"""


def tunnel(place):
    return f"""stream {{
    server {{{tls(place)}
        proxy_pass 127.0.0.1:{place.upstream};
    }}
}}"""
