//! What happens inside a handshake: the callbacks' decisions, and their note on the connection.

use std::ffi::CStr;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslContextRef, SslRef};
use zeroize::Zeroizing;

use super::admission::{Admission, Denied, Origin};
use super::ffi::server::session_chain;
use super::ffi::server::{ACCESS_DENIED, BAD_CERTIFICATE, Halt, Hello, Policy};
use super::identities::SiteContexts;
use super::ocsp::{Ocsp, Status, Verdict, Waiting};
use super::resumption::{Lineage, Proven, Resumption};
use super::shadow::{Shadow, Witness};
use super::stapling::{self, Stapled};
use super::suites::Suites;
use super::verification::{Rejection, Verified, Verifier, unix_now};
use super::verified_chains::ChainDigest;
use crate::identity::ClientCertificate;
use crate::peer::Peer;

/// The decisions of one context.
pub struct HandshakePolicy {
    /// Whom to trust.
    pub verifier: Arc<Verifier>,
    /// Who of them may come in.
    pub admission: Arc<dyn Admission>,
    /// Which tickets resume.
    pub resumption: Resumption,
    /// Whether certificates are revoked.
    pub ocsp: Ocsp,
    /// The status of the server's own certificate.
    pub stapled: Stapled,
    /// The TLS 1.3 suites, if their order matters.
    pub suites: Option<Suites>,
    /// Whether a refused client's handshake goes on, so that a page can tell it why.
    pub page: bool,
    /// The number of the site that it is for.
    pub site: usize,
    /// What is judged beside all this, and decides nothing.
    pub shadow: Option<Arc<Shadow>>,
    /// Which of the site's certificates is shown.
    pub identity: usize,
    /// What connections can be handed over to; only the one that they begin with has them.
    pub contexts: Option<SiteContexts>,
}

impl Policy for HandshakePolicy {
    fn choose_context(&self, hello: &Hello<'_>) -> Option<&SslContextRef> {
        self.contexts.as_ref()?.choose(hello)
    }

    fn begin(&self, ssl: &SslRef) {
        if let Some(note) = note(ssl) {
            let _ = note.site.set(self.site);
            let _ = note.identity.set(self.identity);
            if let Some(shadow) = &self.shadow {
                let _ = note.witness.set(Box::new(Witness::of(shadow)));
            }
        }
    }

    fn choose_suite(&self, offered: &[[u8; 2]]) -> Option<&CStr> {
        self.suites.as_ref()?.choose(offered)
    }

    fn staple(&self) -> Option<Arc<[u8]>> {
        stapling::current(&self.stapled)
    }

    fn verify(&self, ssl: &SslRef, chain: &[&[u8]]) -> Result<(), Halt> {
        let note = note(ssl).ok_or(BAD_CERTIFICATE)?;
        let digest = ChainDigest::of(chain);
        if let Some(witness) = note.witness.get() {
            witness.shown(digest, chain);
        }
        let verdict = self.verifier.verify(digest, chain);
        // Nobody asks about a client that the rules keep out.
        let origin = note.origin();
        let verdict = verdict.and_then(|verified| admitted(&*self.admission, verified, origin));
        let verdict = match verdict {
            Ok(verified) => self.check_status(note, &verified)?.map(|()| verified),
            Err(rejection) => Err(rejection),
        };
        match verdict {
            Ok(verified) => {
                let client = Proven::Chain(digest, verified);
                let began = unix_now();
                // A handshake asks once for a certificate.
                let shown = note.shown.set(Lineage { began, client });
                shown.map_err(|_| Halt::Alert(BAD_CERTIFICATE))
            }
            Err(rejection) => {
                let alert = rejection.alert;
                let _ = note.rejection.set(rejection);
                if self.page { Ok(()) } else { Err(alert.into()) }
            }
        }
    }

    fn overhead(&self) -> usize {
        self.resumption.overhead()
    }

    fn seal(&self, ssl: &SslRef, session: &[u8]) -> Option<Vec<u8>> {
        let (note, now) = (note(ssl)?, unix_now());
        let anonymous = Lineage {
            began: now,
            client: Proven::Anonymous,
        };
        let lineage = match (note.lineage(ssl), note.rejection.get()) {
            (Some(lineage), None) => Some(lineage),
            // No certificate was asked for, or none was shown.
            (None, None) if self.resumption.anonymous => Some(&anonymous),
            _ => None,
        };
        self.resumption.seal(lineage, session, now)
    }

    fn open(&self, ssl: &SslRef, ticket: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let note = note(ssl)?;
        let opened = self
            .resumption
            .open(&self.verifier, ssl, ticket, unix_now());
        let (lineage, session) = opened?;
        // A full handshake follows where this says no, which says it in the usual way.
        match &lineage.client {
            Proven::Chain(digest, verified) => {
                let origin = note.origin();
                self.admission.admit(&verified.certificate, origin).ok()?;
                if !self.ocsp.still_passes(verified) {
                    // Nobody can wait here. In the full handshake somebody can.
                    return None;
                }
                if let Some(witness) = note.witness.get() {
                    witness.offered(*digest, || session_chain(ssl, &session));
                }
            }
            Proven::Anonymous if !self.admission.admit_anonymous(note.origin()) => return None,
            Proven::Anonymous => {}
        }
        note.offered.set(lineage).ok()?;
        Some(session)
    }
}

/// Whom the rules let in.
pub(super) fn admitted(
    admission: &dyn Admission,
    verified: Arc<Verified>,
    origin: &Origin,
) -> Result<Arc<Verified>, Box<Rejection>> {
    match admission.admit(&verified.certificate, origin) {
        Ok(()) => Ok(verified),
        Err(Denied { reason, words }) => Err(Box::new(Rejection {
            reason,
            words,
            depth: 0,
            certificate: Some(verified.certificate.clone()),
            alert: ACCESS_DENIED,
        })),
    }
}

impl HandshakePolicy {
    /// What the status of a chain's certificates says; a handshake waits for it once.
    fn check_status(
        &self,
        note: &Note,
        verified: &Arc<Verified>,
    ) -> Result<Result<(), Box<Rejection>>, Halt> {
        let answers = note.answers.get().map(Vec::as_slice);
        match self.ocsp.judge(verified, answers) {
            Verdict::Pass(unchecked) => {
                if let Some(words) = unchecked {
                    self.ocsp.admitted_unchecked(&words);
                }
                Ok(Ok(()))
            }
            Verdict::Refuse(rejection) => {
                if let Some(witness) = note.witness.get() {
                    witness.refused_by_responder();
                }
                Ok(Err(rejection))
            }
            Verdict::Ask => {
                let waiting = Arc::new(self.ocsp.waiting(verified.clone()));
                match note.waiting.set(waiting) {
                    Ok(()) => Err(Halt::NotYet),
                    Err(_) => Err(Halt::Alert(BAD_CERTIFICATE)),
                }
            }
        }
    }
}

/// What the callbacks found out about a connection's client.
#[derive(Default)]
pub struct Note {
    /// Where the connection comes from, set before its handshake.
    pub from: OnceLock<Origin>,
    /// Which of the site's certificates was shown.
    pub identity: OnceLock<usize>,
    /// The number of the site that the client asked for.
    pub site: OnceLock<usize>,
    /// Set when the client was refused because no site has the name that it asked for.
    pub unknown_name: OnceLock<()>,
    /// Who was accepted by the certificate that was shown in this handshake.
    shown: OnceLock<Lineage>,
    /// Whom the ticket speaks for that was offered. libssl may still decide for a full handshake.
    offered: OnceLock<Lineage>,
    /// Why nobody was accepted.
    pub rejection: OnceLock<Box<Rejection>>,
    /// What it saw for a candidate, if there is one.
    pub witness: OnceLock<Box<Witness>>,
    /// What the handshake waits for.
    pub waiting: OnceLock<Arc<Waiting>>,
    /// What came of that.
    pub answers: OnceLock<Vec<Status>>,
}

/// Where connections come from that no listener accepted: those of tests and benches.
static NOWHERE: Origin = Origin {
    client: Peer::Ip(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0)),
    via: None,
};

impl Note {
    /// Where the connection comes from.
    pub fn origin(&self) -> &Origin {
        self.from.get().unwrap_or(&NOWHERE)
    }

    /// Who was accepted, by what this connection really rests on; `None` for nobody with a
    /// certificate.
    pub fn lineage(&self, ssl: &SslRef) -> Option<&Lineage> {
        match ssl.session_reused() {
            true => self.offered.get(),
            false => self.shown.get(),
        }
    }

    /// The accepted certificate that was shown in this handshake. Until that is complete, a ticket
    /// proves nobody: whoever offers it may have stolen it.
    pub fn shown(&self) -> Option<Arc<ClientCertificate>> {
        match &self.shown.get()?.client {
            Proven::Chain(_, verified) => Some(verified.certificate.clone()),
            Proven::Anonymous => None,
        }
    }
}

/// Prepares a connection for its [`Note`].
pub fn attach(ssl: &mut SslRef) -> Result<(), ErrorStack> {
    ssl.set_ex_data(note_index()?, Note::default());
    Ok(())
}

/// The note of a connection that was prepared.
pub fn note(ssl: &SslRef) -> Option<&Note> {
    ssl.ex_data(note_index().ok()?)
}

fn note_index() -> Result<Index<Ssl, Note>, ErrorStack> {
    static INDEX: OnceLock<Index<Ssl, Note>> = OnceLock::new();
    if let Some(index) = INDEX.get() {
        return Ok(*index);
    }
    let index = Ssl::new_ex_index()?;
    Ok(*INDEX.get_or_init(|| index))
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use openssl::ssl::{SslContext, SslMethod};

    use super::*;
    use crate::config::values::OcspPolicy;
    use crate::startup::test_certificates::{self as make, Pair};
    use crate::telemetry::Telemetry;
    use crate::tls::ocsp::Statuses;
    use crate::tls::tickets::TicketSecret;
    use crate::tls::trust::Trust;

    fn policy(ca: &Pair, page: bool) -> HandshakePolicy {
        let timeout = Duration::from_secs(3600);
        HandshakePolicy {
            verifier: Arc::new(
                Verifier::new(Trust::of(std::slice::from_ref(&ca.certificate))).unwrap(),
            ),
            resumption: Resumption {
                keys: TicketSecret::random().unwrap().keys("", timeout),
                timeout,
                anonymous: true,
            },
            admission: Arc::new(()),
            ocsp: ocsp(),
            stapled: stapling::fixed(None),
            suites: None,
            page,
            site: 0,
            shadow: None,
            identity: 0,
            contexts: None,
        }
    }

    pub(in crate::tls) fn ocsp() -> Ocsp {
        let telemetry = Arc::new(Telemetry::new(false).unwrap());
        let statuses = Arc::new(Statuses::new(telemetry));
        Ocsp::new(statuses, OcspPolicy::Hard, Duration::from_secs(1))
    }

    fn connection() -> Ssl {
        let context = SslContext::builder(SslMethod::tls_server()).unwrap();
        let mut ssl = Ssl::new(&context.build()).unwrap();
        attach(&mut ssl).unwrap();
        ssl
    }

    fn verify(policy: &HandshakePolicy, ssl: &SslRef, client: &Pair) -> Result<(), Halt> {
        policy.verify(ssl, &[&client.certificate.to_der().unwrap()])
    }

    #[test]
    fn a_connection_has_one_client() {
        let ca = make::authority("CA");
        let policy = policy(&ca, false);
        let ssl = connection();
        let [alice, bob] = ["alice", "bob"].map(|name| make::leaf(name, &ca));
        assert_eq!(verify(&policy, &ssl, &alice), Ok(()));
        assert_eq!(verify(&policy, &ssl, &bob), Err(BAD_CERTIFICATE.into()));
        let Some(Proven::Chain(_, found)) = note(&ssl).unwrap().lineage(&ssl).map(|l| &l.client)
        else {
            panic!("nobody");
        };
        assert_eq!(found.certificate.subject, "CN=alice,O=Example");
    }

    /// With and without a page, the ticket that libssl wants resumes nothing; nor does the good one
    /// that came along.
    #[test]
    fn whoever_was_rejected_gets_nothing_to_come_back_with() {
        let ca = make::authority("CA");
        let stranger = make::leaf("stranger", &make::authority("Other CA"));
        for page in [false, true] {
            let policy = policy(&ca, page);
            let ssl = connection();
            let anonymous = policy.seal(&connection(), b"a session").unwrap();
            assert!(policy.open(&ssl, &anonymous).is_some());
            assert_eq!(verify(&policy, &ssl, &stranger).is_ok(), page);
            assert!(note(&ssl).unwrap().rejection.get().is_some());
            let ticket = policy.seal(&ssl, b"a session").unwrap();
            assert!(policy.open(&connection(), &ticket).is_none());
        }
    }

    #[test]
    fn a_connection_opens_one_ticket() {
        let policy = policy(&make::authority("CA"), false);
        let ticket = policy.seal(&connection(), b"a session").unwrap();
        let ssl = connection();
        assert!(policy.open(&ssl, &ticket).is_some());
        assert!(policy.open(&ssl, &ticket).is_none());
        // libssl has not resumed with it.
        assert!(note(&ssl).unwrap().lineage(&ssl).is_none());
    }
}
