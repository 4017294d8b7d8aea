//! What `client-auth header` needs, and what it can't have.

use super::listen::ListenAddress;
use super::networks::Cidr;
use super::settings::Reader;
use super::site::ContentSettings;
use super::values::ClientAuth;
use crate::findings::Finding;

impl Reader<'_> {
    /// Complains about a listener for plain HTTP that nobody could use.
    pub(super) fn check_plain(&mut self, listen: &[ListenAddress]) {
        let mut plain = listen.iter();
        let plain = plain.find(|address| address.is_plain());
        let Some(plain) = plain else {
            return;
        };
        if !self.written("trusted-proxies").values.is_empty() {
            return self.everybody_is_believed("to come by https without doing so");
        }
        let place = self.written("listen").place;
        self.findings.push(
            Finding::error(place, format!("{plain}, and trusted-proxies is not set"))
                .expected("the networks that the load balancer connects from, or `unix`")
                .advice("It says which requests came to it by https. To send everybody there, take --redirect."),
        );
    }

    /// Complains about a site whose clients a header tells.
    pub(super) fn check_header_auth(&mut self, mode: ClientAuth, content: &ContentSettings) {
        if mode != ClientAuth::Header {
            return;
        }
        let place = self.written("client-auth").place;
        if matches!(content, ContentSettings::Tunnel(_)) {
            self.findings.push(
                Finding::error(&place, "header, with an upstream of tcp://")
                    .expected("required, optional or off")
                    .advice("Raw bytes have no header; with an http:// upstream they have."),
            );
        }
        let trusted = self.written("trusted-proxies");
        if trusted.values.is_empty() {
            self.findings.push(
                Finding::error(place, "header, and trusted-proxies is not set")
                    .expected("the networks that the load balancer connects from")
                    .advice("The header is as good as whoever sends it: name the subnets of the ALB, such as --trusted-proxies 10.0.1.0/24,10.0.2.0/24."),
            );
        }
        let networks = trusted.values.iter().filter_map(|text| text.parse().ok());
        for everybody in { networks }.filter(Cidr::is_everybody) {
            self.findings.push(
                Finding::warning(&trusted.place, format!("{everybody}, with client-auth header"))
                    .advice("Whoever can connect is whoever it says it is: certificates are no secrets. Name the subnets of the ALB."),
            );
        }
    }
}
