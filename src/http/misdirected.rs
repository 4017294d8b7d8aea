//! Whether a request is for the site that its connection is for.
//!
//! A client that was let in at one site must not reach another one by a Host header: who may come in
//! there is another question (RFC 9110 section 7.4; 421 is its section 15.5.20).

use std::sync::Arc;

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderValue, Request};

use crate::config::server_name::ServerNames;

/// The hosts that a connection may ask for.
pub struct Hosts {
    /// Which site a host belongs to.
    pub names: Arc<ServerNames>,
    /// The connection's.
    pub site: usize,
    /// Whether hosts of no site are the first one's; else they are nobody's.
    pub others_are_first: bool,
}

impl Hosts {
    /// Whether every host that a request names, in its target and in Host, is of this site. A request
    /// that names none is for the site of its connection.
    pub fn include<B>(&self, request: &Request<B>) -> bool {
        if self.names.is_empty() {
            return true;
        }
        let target = request
            .uri()
            .authority()
            .map(|authority| self.has(authority.host()));
        let headers = request.headers().get_all(HOST).iter();
        let mut all = target
            .into_iter()
            .chain(headers.map(|value| self.has_value(value)));
        all.all(|has| has)
    }

    fn has_value(&self, value: &HeaderValue) -> bool {
        let authority = Authority::try_from(value.as_bytes());
        authority.is_ok_and(|authority| self.has(authority.host()))
    }

    fn has(&self, host: &str) -> bool {
        match self.names.find(host) {
            Some(site) => site == self.site,
            None => self.others_are_first && self.site == 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(site: usize, others_are_first: bool) -> Hosts {
        let mut names = ServerNames::default();
        for (name, site) in [("a.example", 1), ("*.b.example", 2)] {
            names.insert(&name.parse().unwrap(), site).unwrap();
        }
        Hosts {
            names: Arc::new(names),
            site,
            others_are_first,
        }
    }

    fn request(target: &str, hosts: &[&str]) -> Request<()> {
        let request = Request::builder().uri(target);
        let with = |request: http::request::Builder, host: &&str| request.header(HOST, *host);
        hosts.iter().fold(request, with).body(()).unwrap()
    }

    #[test]
    fn a_host_of_another_site_is_misdirected() {
        for (target, given, sites) in [
            ("/", &["a.example"][..], &[1][..]),
            ("/", &["A.Example.:443"], &[1]),
            ("/", &["x.b.example"], &[2]),
            ("/", &["b.example"], &[0]),
            ("/", &["other"], &[0]),
            ("/", &["[::1]:8443"], &[0]),
            ("/", &["user@a.example"], &[1]),
            ("/", &[], &[0, 1, 2]),
            ("/", &[""], &[]),
            ("/", &["a.example", "x.b.example"], &[]),
            ("https://a.example/", &[], &[1]),
            ("https://a.example/", &["x.b.example"], &[]),
            ("https://a.example/", &["a.example"], &[1]),
        ] {
            let request = request(target, given);
            for site in 0..3 {
                let included = hosts(site, true).include(&request);
                assert_eq!(
                    included,
                    sites.contains(&site),
                    "{target} {given:?} at {site}"
                );
            }
        }
        let unknown = request("/", &["other"]);
        assert!(!hosts(0, false).include(&unknown));
        let alone = Hosts {
            names: Arc::default(),
            site: 0,
            others_are_first: false,
        };
        assert!(alone.include(&unknown));
    }
}
