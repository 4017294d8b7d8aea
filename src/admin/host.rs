//! Which names this port may be asked by.
//!
//! A port of the loopback interface is for whoever is on this machine, and so are the browsers there: a page of
//! somebody's site, whose name is made to lead to 127.0.0.1 after it was loaded (DNS rebinding), could read all that is here.
//! What it can't do is to ask by another name than its own.

use std::net::IpAddr;

use http::Request;
use http::header::HOST;
use http::uri::Authority;

/// What whoever asks by another name is told.
pub const ADVICE: &str = "this port listens on a loopback address: ask by that address or by localhost (in Host), or set --admin to an address that others may reach\n";

/// Whether it is asked by an address or by `localhost`, or by no name at all.
pub fn is_local<B>(request: &Request<B>) -> bool {
    let hosts = request.headers().get_all(HOST).iter();
    let mut hosts = hosts.map(|host| Authority::try_from(host.as_bytes()).ok());
    let target = request.uri().authority();
    target.is_none_or(names_this) && hosts.all(|host| host.as_ref().is_some_and(names_this))
}

fn names_this(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(target: &str, hosts: &[&str]) -> bool {
        let request = Request::get(target);
        let request = hosts.iter().fold(request, |r, host| r.header(HOST, *host));
        is_local(&request.body(()).unwrap())
    }

    #[test]
    fn addresses_and_localhost_are_here_and_names_are_not() {
        for host in [
            "127.0.0.1:9090",
            "127.0.0.1",
            "10.0.0.1",
            "[::1]:9090",
            "localhost",
            "LocalHost:1",
        ] {
            assert!(asked("/", &[host]), "{host}");
        }
        assert!(asked("/", &[]));
        for host in [
            "evil.example",
            "evil.example:9090",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "localhost@evil.example",
            "",
            "a b",
        ] {
            assert!(!asked("/", &[host]), "{host}");
        }
        assert!(!asked("/", &["localhost", "evil.example"]));
        assert!(!asked("http://evil.example/", &["localhost"]));
        assert!(!asked("http://localhost/", &["evil.example"]));
    }
}
