//! Why a client was refused: one closed list for metric labels, log lines and documentation.

/// The reason, as certgate counts and logs it. The client learns no more than the TLS alert says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalReason {
    /// The client sent no certificate, but one is required.
    NoCertificate,
    /// The chain doesn't end in the client CA.
    UnknownCa,
    /// A certificate of the chain has expired.
    Expired,
    /// A certificate of the chain isn't valid yet.
    NotYetValid,
    /// A certificate isn't meant for this use: the client's not for clientAuth, or a CA's not for signing.
    WrongPurpose,
    /// More intermediate CAs than `verify-depth` or a path length constraint allows.
    ChainTooLong,
    /// A signature of the chain, or the client's proof that it holds the key, is wrong.
    BadSignature,
    /// A key or a signature digest of the chain is too weak for the security level.
    WeakCertificate,
    /// A certificate of the chain is revoked, by its issuer's list or its OCSP responder.
    Revoked,
    /// The revocation list of a certificate's issuer is too old, or from the future.
    CrlExpired,
    /// There is no revocation list of a certificate's issuer, though there are lists.
    CrlMissing,
    /// Anything else that makes the certificate or its chain invalid.
    InvalidCertificate,
    /// No OCSP answer to rely on, and `ocsp-policy` is `hard`.
    OcspUnavailable,
    /// The OCSP responder doesn't know the certificate, and `ocsp-policy` is `hard`.
    OcspUnknown,
    /// A `deny` rule matches the client's certificate.
    Denied,
    /// There are `allow` rules, and none matches the client's certificate.
    NotAllowed,
    /// No TLS version in common.
    ProtocolMismatch,
    /// No cipher or signature algorithm in common.
    NoSharedCipher,
    /// No key exchange group in common.
    NoSharedGroup,
    /// No application protocol (ALPN) in common.
    NoSharedProtocol,
    /// No site has the server name (SNI) that the client asked for; only with `unknown-sni = refuse`.
    UnknownName,
    /// The first bytes were not TLS: plain HTTP, or a port scan.
    NotTls,
    /// The client ended the handshake by an alert: it didn't like the server's certificate, say.
    ClientAlert,
    /// No PROXY header, and `proxy-protocol` is `required`.
    ProxyHeaderMissing,
    /// A PROXY header that breaks the protocol, or breaks off.
    ProxyHeaderMalformed,
    /// No whole PROXY header within `handshake-timeout`.
    ProxyHeaderTimeout,
    /// A PROXY header, or with `required` any connection, from none of the `trusted-proxies`.
    ProxyUntrusted,
    /// The handshake took longer than `handshake-timeout`.
    Timeout,
    /// The client closed the connection in the middle of the handshake.
    ClientHungUp,
    /// The handshake broke a rule of TLS in another way.
    HandshakeFailure,
}

impl RefusalReason {
    /// All of them, so that every label of the metric is there from the start.
    pub const ALL: [Self; 30] = [
        Self::NoCertificate,
        Self::UnknownCa,
        Self::Expired,
        Self::NotYetValid,
        Self::WrongPurpose,
        Self::ChainTooLong,
        Self::BadSignature,
        Self::WeakCertificate,
        Self::Revoked,
        Self::CrlExpired,
        Self::CrlMissing,
        Self::InvalidCertificate,
        Self::OcspUnavailable,
        Self::OcspUnknown,
        Self::Denied,
        Self::NotAllowed,
        Self::ProtocolMismatch,
        Self::NoSharedCipher,
        Self::NoSharedGroup,
        Self::NoSharedProtocol,
        Self::UnknownName,
        Self::NotTls,
        Self::ClientAlert,
        Self::ProxyHeaderMissing,
        Self::ProxyHeaderMalformed,
        Self::ProxyHeaderTimeout,
        Self::ProxyUntrusted,
        Self::Timeout,
        Self::ClientHungUp,
        Self::HandshakeFailure,
    ];

    /// What to do about it, in a sentence.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoCertificate => "Give the client its certificate and key.",
            Self::UnknownCa => {
                "Compare the issuer with the client CA that `certgate check` shows; the client may have to send its intermediate, or --partial-chain is needed."
            }
            Self::Expired => "Renew the certificate at that depth.",
            Self::NotYetValid => "Check the clocks of both sides, and notBefore.",
            Self::WrongPurpose => {
                "Have it issued with the extended key usage clientAuth, its issuers with the CA flag and keyCertSign; or see --any-purpose."
            }
            Self::ChainTooLong => "Raise --verify-depth, or shorten the chain.",
            Self::BadSignature => {
                "Suspect a damaged file, a CA of the same name with another key, or an attack."
            }
            Self::WeakCertificate => {
                "Have it issued anew with a stronger key and SHA-256; no setting lets it in."
            }
            Self::Revoked => "If that is wrong, ask the CA; else have a new certificate issued.",
            Self::CrlExpired => {
                "Give the newest list, and check the clock; --crl-policy soft lets clients in meanwhile."
            }
            Self::CrlMissing => {
                "Give the list of that issuer, an empty one if it has revoked nobody; or --crl-check leaf."
            }
            Self::InvalidCertificate => {
                "The words name the fault; have the certificate issued anew."
            }
            Self::OcspUnavailable => {
                "Look at the responder and the way to it; --ocsp-policy soft lets clients in meanwhile."
            }
            Self::OcspUnknown => "Is it the right responder? --ocsp-responder names another one.",
            Self::Denied => "If it is the right client, mend the deny rule.",
            Self::NotAllowed => "If it is the right client, add an allow rule that matches it.",
            Self::ProtocolMismatch => "See --tls-protocols, or take a newer client.",
            Self::NoSharedCipher => "See --tls-ciphers, and the kind of the server's key.",
            Self::NoSharedGroup => "See --tls-groups.",
            Self::NoSharedProtocol => "Is it an HTTP client? For others there is the tunnel.",
            Self::UnknownName => "Add the name to a [[site]].",
            Self::NotTls => "Something speaks no TLS to the TLS port.",
            Self::ClientAlert => {
                "The client usually doesn't trust the server's certificate: give it the server's CA."
            }
            Self::ProxyHeaderMissing => {
                "Turn PROXY protocol on at the load balancer, or off with --proxy-protocol off."
            }
            Self::ProxyHeaderMalformed => "The words name the fault; the sender is the proxy.",
            Self::ProxyHeaderTimeout => {
                "Does the load balancer send PROXY headers? Or a network problem, or an attack."
            }
            Self::ProxyUntrusted => {
                "If it is the load balancer, add its network to --trusted-proxies."
            }
            Self::Timeout => "A network problem, or an attack.",
            Self::ClientHungUp => "Browsers and scanners do that.",
            Self::HandshakeFailure => "The words name the fault.",
        }
    }

    /// The word in logs and metric labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::NoCertificate => "no_certificate",
            Self::UnknownCa => "unknown_ca",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongPurpose => "wrong_purpose",
            Self::ChainTooLong => "chain_too_long",
            Self::BadSignature => "bad_signature",
            Self::WeakCertificate => "weak_certificate",
            Self::Revoked => "revoked",
            Self::CrlExpired => "crl_expired",
            Self::CrlMissing => "crl_missing",
            Self::InvalidCertificate => "invalid_certificate",
            Self::OcspUnavailable => "ocsp_unavailable",
            Self::OcspUnknown => "ocsp_unknown",
            Self::Denied => "denied",
            Self::NotAllowed => "not_allowed",
            Self::ProtocolMismatch => "protocol_mismatch",
            Self::NoSharedCipher => "no_shared_cipher",
            Self::NoSharedGroup => "no_shared_group",
            Self::NoSharedProtocol => "no_shared_protocol",
            Self::UnknownName => "unknown_name",
            Self::NotTls => "not_tls",
            Self::ClientAlert => "client_alert",
            Self::ProxyHeaderMissing => "proxy_header_missing",
            Self::ProxyHeaderMalformed => "proxy_header_malformed",
            Self::ProxyHeaderTimeout => "proxy_header_timeout",
            Self::ProxyUntrusted => "proxy_untrusted",
            Self::Timeout => "timeout",
            Self::ClientHungUp => "client_hung_up",
            Self::HandshakeFailure => "handshake_failure",
        }
    }
}
