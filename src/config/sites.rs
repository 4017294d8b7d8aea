//! Reads the sites: the one of all connections first, then each `[[site]]`.
//!
//! A site has everything that stands outside of the blocks, except for what it has itself. Some
//! pairs are one choice each: `root` and `upstream`, `certificate` and `certificate-key`, `client-ca` and
//! `crl`.

use std::path::PathBuf;
use std::str::FromStr;

use super::server_name::{ServerName, ServerNames};
use super::settings::Reader;
use super::site::{
    ContentSettings, CrlSettings, IdentityFiles, OcspSettings, Site, SiteSettings, StapleSettings,
    WrittenRules,
};
use super::sources::{FetchUrl, StapleFrom};
use super::upstream::{Upstream, UpstreamProtocol};
use super::values::{Expected, OcspScope, Refusal, Switch};
use crate::fetch::Url;
use crate::findings::Finding;

/// What `partial-chain on` means.
const PARTIAL_CHAIN: [&str; 2] = [
    "on: every certificate of the client CA file is trusted by itself, an intermediate without its root",
    "Its own issuer can't revoke it then but by a CRL; put the root into the file instead, if you have it",
];
/// What `any-purpose on` means.
const ANY_PURPOSE: [&str; 2] = [
    "on: certificates that were not issued for clients are accepted",
    "Whoever has a server's key comes in with that server's certificate; have clientAuth put into the clients' instead, if you can",
];

impl Reader<'_> {
    pub(super) fn sites(&mut self) -> (Vec<Site>, ServerNames) {
        let layers = self.layers;
        let mut sites = vec![Site {
            names: Vec::new(),
            label: String::new(),
            settings: self.site_settings(),
        }];
        let mut all_names = ServerNames::default();
        for table in layers.sites() {
            self.site = Some(table);
            let place = format!("names in {}", table.label);
            let names = self.names(&table.names, &place);
            for name in &names {
                if let Err(other) = all_names.insert(name, sites.len()) {
                    let found = format!("{name}, which is a name of {}", sites[other].label);
                    let advice = "Each name belongs to one site.";
                    self.findings
                        .push(Finding::error(&place, found).advice(advice));
                }
            }
            sites.push(Site {
                names,
                label: table.label.clone(),
                settings: self.site_settings(),
            });
        }
        self.site = None;
        (sites, all_names)
    }

    fn names(&mut self, written: &[String], place: &str) -> Vec<ServerName> {
        let mut names = Vec::new();
        for text in written {
            match text.parse() {
                Ok(name) if names.contains(&name) => {}
                Ok(name) => names.push(name),
                Err(Expected(expected)) => self.wrong(place, text, expected),
            }
        }
        names
    }

    fn site_settings(&mut self) -> SiteSettings {
        let refusal = self.one("refusal");
        let content = self.content(refusal);
        let client_auth = self.one("client-auth");
        self.check_pinned(client_auth);
        self.check_header_auth(client_auth, &content);
        let routes = self.routes(&content);
        let mut settings = SiteSettings {
            upstream_proxy_protocol: self.upstream_proxy_protocol(&content),
            client_auth,
            refusal,
            verify_depth: self.one("verify-depth"),
            crls: self.crls(),
            ocsp: self.ocsp(),
            staple: self.staple(),
            partial_chain: self.loud("partial-chain", PARTIAL_CHAIN),
            any_purpose: self.loud("any-purpose", ANY_PURPOSE),
            verify_strict: self.one("verify-strict"),
            advertise_ca: self.one("advertise-ca"),
            client_ca: self.paths("client-ca").pop(),
            identities: self.identities(),
            allow: self.rules("allow"),
            deny: self.rules("deny"),
            identity: self.identity(),
            routes,
            content,
            ready_upstreams: self.one("ready-upstreams"),
            shadow: None,
        };
        settings.shadow = self.shadow(&settings);
        settings
    }

    /// Whether the site that is read has one of these itself.
    pub(super) fn has_own(&self, names: &[&str]) -> bool {
        self.site
            .is_some_and(|site| names.iter().any(|name| site.settings.contains_key(*name)))
    }

    /// Of a pair that is one choice, what doesn't stand in the site isn't the site's.
    pub(super) fn is_elsewhere(&self, name: &str, pair: &[&str]) -> bool {
        self.has_own(pair) && !self.has_own(&[name])
    }

    pub(super) fn none_or_more<T: FromStr<Err = Expected>>(&mut self, name: &str) -> Vec<T> {
        let written = self.written(name);
        self.all_or_none(&written)
    }

    /// A switch that lets more clients in: who turns it on is told what that means, at each start.
    fn loud(&mut self, name: &str, [found, advice]: [&str; 2]) -> Switch {
        let switch = self.one(name);
        if switch == Switch::On {
            let place = self.written(name).place;
            self.findings
                .push(Finding::warning(place, found).advice(advice));
        }
        switch
    }

    pub(super) fn paths(&mut self, name: &str) -> Vec<PathBuf> {
        let written = self.written(name);
        written.values.iter().map(PathBuf::from).collect()
    }

    /// Lists are of a CA: a site with a CA of its own has only its own lists.
    fn crls(&mut self) -> CrlSettings {
        const PAIR: [&str; 2] = ["client-ca", "crl"];
        let place = self.written("crl").place;
        let sources = match self.is_elsewhere("crl", &PAIR) {
            true => Vec::new(),
            false => self.none_or_more("crl"),
        };
        CrlSettings {
            place,
            sources,
            usual: !self.has_own(&PAIR),
            check: self.one("crl-check"),
            policy: self.one("crl-policy"),
        }
    }

    fn ocsp(&mut self) -> OcspSettings {
        let ocsp = OcspSettings {
            scope: self.one("ocsp"),
            policy: self.one("ocsp-policy"),
            responder: self.url("ocsp-responder"),
            timeout: self.time("ocsp-timeout"),
        };
        if ocsp.scope != OcspScope::Off && ocsp.timeout >= self.time("handshake-timeout") {
            let place = self.written("ocsp-timeout").place;
            self.findings.push(
                Finding::warning(place, "no shorter than handshake-timeout")
                    .advice("A responder that is silent ends the handshake, whatever --ocsp-policy says: make one of the two shorter or longer."),
            );
        }
        ocsp
    }

    /// A file is about one certificate: a site with certificates of its own has only its own file.
    fn staple(&mut self) -> StapleSettings {
        const PAIR: [&str; 3] = ["certificate", "certificate-key", "staple"];
        let mut from = self.one("staple");
        if matches!(from, StapleFrom::File(_)) && self.is_elsewhere("staple", &PAIR) {
            from = StapleFrom::Off;
        }
        StapleSettings {
            from,
            responder: self.url("staple-responder"),
            place: self.written("staple").place,
        }
    }

    /// `None` if it isn't written.
    fn url(&mut self, name: &str) -> Option<Url> {
        let written = self.written(name);
        match written.is_default {
            true => None,
            false => self
                .all_or_none::<FetchUrl>(&written)
                .pop()
                .map(|url| url.0),
        }
    }

    pub(super) fn rules(&mut self, name: &str) -> WrittenRules {
        let written = self.written(name);
        WrittenRules {
            place: written.place,
            rules: written.values,
        }
    }

    fn identities(&mut self) -> Vec<IdentityFiles> {
        const PAIR: [&str; 2] = ["certificate", "certificate-key"];
        let [certificates, keys] = PAIR.map(|name| match self.is_elsewhere(name, &PAIR) {
            true => Vec::new(),
            false => self.paths(name),
        });
        if certificates.len() != keys.len() {
            let [certificate, key] = PAIR.map(|name| self.written(name).place);
            let (count, found) = (certificates.len(), keys.len());
            self.findings.push(
                Finding::error(
                    certificate,
                    format!("{count} in number, but {found} of {key}"),
                )
                .expected("a key for each certificate, in the same order"),
            );
            // With others there is no need to complain about those that it would have without any.
            if let Some(site) = self.site.take() {
                let general = self.identities();
                self.site = Some(site);
                return general;
            }
        }
        let pairs = certificates.into_iter().zip(keys);
        pairs
            .map(|(certificate, key)| IdentityFiles { certificate, key })
            .collect()
    }

    fn content(&mut self, refusal: Refusal) -> ContentSettings {
        const PAIR: [&str; 2] = ["root", "upstream"];
        let root = self.written("root");
        let mut written = self.written("upstream");
        if self.is_elsewhere("upstream", &PAIR) {
            written.values.clear();
        }
        let files = ContentSettings::Static {
            root: self.text("root").into(),
            is_default: root.is_default,
        };
        if written.values.is_empty() {
            return files;
        }
        let upstreams: Vec<Upstream> = self.all_or_none(&written);
        if !root.is_default && !self.is_elsewhere("root", &PAIR) {
            self.findings.push(
                Finding::warning(&root.place, "not used, since an upstream is set")
                    .advice("Leave out one of the two."),
            );
        }
        let Some(first) = upstreams.first().map(|u| u.protocol) else {
            return files;
        };
        if upstreams.iter().any(|u| u.protocol != first) {
            self.wrong(
                &written.place,
                &written.values.join(","),
                "upstreams of one kind: http:// (and unix:), h2c:// or tcp://".to_owned(),
            );
        }
        if first != UpstreamProtocol::Tcp {
            return ContentSettings::Proxy(upstreams);
        }
        if refusal == Refusal::Page {
            let place = self.written("refusal").place;
            self.findings.push(
                Finding::error(place, "page, with an upstream of tcp://")
                    .expected("alert")
                    .advice("Raw bytes can't carry a page."),
            );
        }
        ContentSettings::Tunnel(upstreams)
    }
}
