//! What can't go together with `client-auth = pinned`, where no CA vouches for clients.

use super::settings::Reader;
use super::values::{ClientAuth, OcspScope};
use crate::findings::Finding;

impl Reader<'_> {
    /// Says what a site has for clients of a CA, and doesn't use. What stands outside of its block is for the
    /// other sites.
    pub(super) fn check_pinned(&mut self, client_auth: ClientAuth) {
        if client_auth != ClientAuth::Pinned {
            return;
        }
        if let Some(place) = self.set_here("client-ca") {
            self.findings.push(
                Finding::warning(place, "not used, since client-auth is pinned").advice(
                    "Leave it out; a site with a client CA needs client-auth required or optional",
                ),
            );
        }
        let asks = self.one::<OcspScope>("ocsp") != OcspScope::Off;
        let ocsp = self.set_here("ocsp").filter(|_| asks);
        for place in self.set_here("crl").into_iter().chain(ocsp) {
            self.findings.push(
                Finding::error(place, "revocation, and client-auth is pinned")
                    .expected("one of the two")
                    .advice("Nobody issued the clients' certificates, so nobody revokes them: take the pin out of the allow rules instead"),
            );
        }
    }

    /// Where a setting was written, if that is in the block that is read.
    fn set_here(&mut self, name: &str) -> Option<String> {
        let elsewhere = self
            .site
            .is_some_and(|site| !site.settings.contains_key(name));
        let written = self.written(name);
        let is_set = !(elsewhere || written.is_default || written.values.is_empty());
        is_set.then_some(written.place)
    }
}
