//! PROXY protocol: whether clients' connections begin with it, and whether upstreams' do.

use super::networks::{Cidr, Networks, Trusted};
use super::settings::Reader;
use super::site::ContentSettings;
use super::values::{Switch, words};
use crate::findings::Finding;

words! {
    /// Whether connections begin with a PROXY header.
    ProxyProtocol {
        /// None does.
        Off = "off",
        /// Each does.
        Required = "required",
        /// Those of trusted proxies may.
        Auto = "auto",
    }
}
words! {
    /// What a tunnel's upstream is told ahead of the client's bytes.
    UpstreamProxyProtocol {
        /// Nothing.
        Off = "off",
        /// The addresses, as a line of text.
        V1 = "v1",
        /// The addresses, and what the proxy before said.
        V2 = "v2",
        /// And the TLS connection, and whose it is.
        V2Tls = "v2-tls",
        /// And the client's whole certificate.
        V2TlsCert = "v2-tls-cert",
    }
}

impl Reader<'_> {
    /// Whether headers are expected, and whose are believed.
    pub(super) fn proxies(&mut self) -> (ProxyProtocol, Networks) {
        let mode = self.one("proxy-protocol");
        let networks = self.none_or_more::<Trusted>("trusted-proxies");
        let networks: Networks = networks.into_iter().collect();
        let place = self.written("proxy-protocol").place;
        // What is written there and is wrong was said.
        let has_none = self.written("trusted-proxies").values.is_empty();
        match mode {
            ProxyProtocol::Required if has_none => self.findings.push(
                Finding::warning(place, "required, and whoever connects is believed")
                    .advice("Fine where only the load balancer can connect (a security group, say); else list its networks in --trusted-proxies"),
            ),
            ProxyProtocol::Auto if has_none => self.findings.push(
                Finding::error(place, "auto, without trusted-proxies")
                    .expected("the networks of the load balancer in --trusted-proxies, or required")
                    .advice("Any client could choose the address that it seems to come from"),
            ),
            ProxyProtocol::Off => self.everybody_is_believed("what X-Forwarded-For says of it"),
            _ => self.everybody_is_believed("the address that it seems to come from"),
        }
        (mode, networks)
    }

    /// Whether the claims of clients that have logged in are believed.
    pub(super) fn alb_login(&mut self) -> Switch {
        let login = self.one("alb-login");
        if login == Switch::On {
            if self.written("trusted-proxies").values.is_empty() {
                let place = self.written("alb-login").place;
                self.findings.push(
                    Finding::error(place, "on, and trusted-proxies is not set")
                        .expected("the networks that the ALB connects from")
                        .advice("Who a client has logged in as is believed of an ALB alone: name its subnets, such as --trusted-proxies 10.0.1.0/24,10.0.2.0/24"),
                );
            }
            self.everybody_is_believed("whom it has logged in as (alb-login)");
        }
        login
    }

    /// Warns about networks that have no outside.
    pub(super) fn everybody_is_believed(&mut self, what: &str) {
        let trusted = self.written("trusted-proxies");
        let networks = trusted.values.iter().filter_map(|text| text.parse().ok());
        for everybody in { networks }.filter(Cidr::is_everybody) {
            self.findings.push(
                Finding::warning(&trusted.place, format!("{everybody}: whoever connects is believed"))
                    .advice(format!("Any client can choose {what}, unless only the load balancer can connect (a security group, say); name the networks of the load balancer")),
            );
        }
    }

    /// It belongs to the upstreams: a site with its own content has only its own.
    pub(super) fn upstream_proxy_protocol(
        &mut self,
        content: &ContentSettings,
    ) -> UpstreamProxyProtocol {
        const NAME: &str = "upstream-proxy-protocol";
        const TOGETHER: [&str; 3] = ["root", "upstream", NAME];
        let version = self.one(NAME);
        if version == UpstreamProxyProtocol::Off || self.is_elsewhere(NAME, &TOGETHER) {
            return UpstreamProxyProtocol::Off;
        }
        let found = match content {
            ContentSettings::Tunnel(_) => return version,
            ContentSettings::Proxy(_) => "with an upstream that speaks HTTP",
            ContentSettings::Static { .. } => "without an upstream",
        };
        let place = self.written(NAME).place;
        self.findings.push(
            Finding::error(place, format!("{version}, {found}"))
                .expected("an upstream of tcp://")
                .advice("A connection to an HTTP upstream carries requests of many clients: X-Forwarded-For and --identity-headers say whose each one is"),
        );
        UpstreamProxyProtocol::Off
    }
}
