//! What clients may not ask for.

use tracing::info;

use super::ConnectionFields;
use crate::refusal::RefusalReason;
use crate::telemetry::Telemetry;

/// Why a request can be refused on a connection that was admitted.
pub const REASONS: [RefusalReason; 3] = [
    RefusalReason::NoCertificate,
    RefusalReason::Denied,
    RefusalReason::NotAllowed,
];

/// A request of an admitted client wasn't served, since its route doesn't let that client in.
pub struct RequestRefused<'a> {
    /// One of [`REASONS`].
    pub reason: RefusalReason,
    /// The rule, in words.
    pub detail: &'a str,
    /// The route's path; `None` for what no route is for.
    pub route: Option<&'a str>,
    /// GET, HEAD, …
    pub method: &'a str,
    /// The path as it came, without the query, escaped.
    pub path: &'a str,
    /// The connection's part.
    pub connection: ConnectionFields<'a>,
}

impl RequestRefused<'_> {
    /// One line, one counter. The request has its own line, too.
    pub fn emit(self, telemetry: &Telemetry) {
        let (reason, c) = (self.reason.label(), self.connection);
        telemetry
            .metrics
            .request_refusals
            .with_label_values(&[reason])
            .inc();
        info!(
            event = "request_refused",
            reason,
            client = %c.client,
            sni = c.sni,
            subject = c.subject,
            serial = c.serial,
            route = self.route,
            method = self.method,
            path = self.path,
            detail = self.detail,
            "request refused"
        );
    }
}
