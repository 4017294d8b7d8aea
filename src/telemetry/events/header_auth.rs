//! Requests whose client a load balancer has told, or not.

use tracing::info;

use crate::peer::Peer;
use crate::refusal::RefusalReason;
use crate::telemetry::Telemetry;

/// A request was refused for what a load balancer said of its client, or didn't say. As
/// [`ClientRefused`](super::ClientRefused), but no handshake failed.
pub struct RequestRefused<'a> {
    /// Why.
    pub reason: RefusalReason,
    /// The load balancer's address.
    pub client: Peer,
    /// The server name that it asked for.
    pub sni: Option<&'a str>,
    /// The client certificate's subject.
    pub subject: Option<&'a str>,
    /// Its issuer.
    pub issuer: Option<&'a str>,
    /// Its serial number.
    pub serial: Option<&'a str>,
    /// Which certificate of the chain is at fault: 0 is the client's own.
    pub depth: Option<u32>,
    /// What was found, in words.
    pub detail: &'a str,
}

impl RequestRefused<'_> {
    /// One line, one counter.
    pub fn emit(self, telemetry: &Telemetry) {
        let reason = self.reason.label();
        telemetry
            .metrics
            .refusals
            .with_label_values(&[reason])
            .inc();
        info!(
            event = "refused",
            reason,
            client = %self.client,
            sni = self.sni,
            subject = self.subject,
            issuer = self.issuer,
            serial = self.serial,
            depth = self.depth,
            detail = self.detail,
            by = "header",
            "request refused"
        );
    }
}
