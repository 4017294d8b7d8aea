//! The chains of the table.

mod admission;
mod oddities;
mod paths;
mod purposes;

use openssl::hash::MessageDigest;

use super::Row;
use crate::support::certgate::Builder;
use crate::support::craft::{self, Made, authority, client};
use crate::support::crl;
use crate::support::pki::{self, Pki};

const SITES: &str = r#"
[[site]]
names = ["plain.example"]
[[site]]
names = ["strict.example"]
verify-strict = "on"
[[site]]
names = ["any.example"]
any-purpose = "on"
[[site]]
names = ["partial.example"]
client-ca = "DIR/partial.pem"
partial-chain = "on"
[[site]]
names = ["flat.example"]
verify-depth = "0"
[[site]]
names = ["optional.example"]
client-auth = "optional"
[[site]]
names = ["many.example"]
client-ca = "DIR/many.pem"
[[site]]
names = ["lists.example"]
crl = ["DIR/lists.pem"]
[[site]]
names = ["leaf-list.example"]
crl = ["DIR/lists.pem"]
crl-check = "leaf"
[[site]]
names = ["soft.example"]
crl = ["DIR/lists.pem"]
crl-policy = "soft"
[[site]]
names = ["stale.example"]
crl = ["DIR/stale.pem"]
[[site]]
names = ["stale-soft.example"]
crl = ["DIR/stale.pem"]
crl-policy = "soft"
[[site]]
names = ["numbered.example"]
crl = ["DIR/lists.pem"]
verify-strict = "on"
[[site]]
names = ["allow.example"]
allow = ["cn:alice", "dns:*.svc.example and o:Tests", "uri:spiffe://example.org/ns/*/web", "ou:M\u00fcller"]
[[site]]
names = ["deny.example"]
deny = ["cn:mallory", "ou:Outlaws", "o:Evil", "dn:CN=odd,O=Exact", "dns:**.evil.example", "uri:spiffe://evil/**", "email:*@evil.example", "ip:192.0.2.0/24", "serial:0BAD", "sha256:FINGERPRINT", "spki:sha256:PIN", "issuer:CN=Intermediate,O=Tests and cn:eve"]
"#;

/// Who signs.
pub struct World {
    root: Made,
    intermediate: Made,
    other: Made,
    expired_root: Made,
    early_root: Made,
    revoked: Made,
    revoked_intermediate: Made,
    pinned: Made,
}

impl World {
    pub fn new() -> Self {
        let root = authority("Root").self_signed();
        let intermediate = authority("Intermediate").signed_by(&root);
        Self {
            other: authority("Other").self_signed(),
            expired_root: authority("Expired").valid(-7200, -3600).self_signed(),
            early_root: authority("Early").valid(3600, 7200).self_signed(),
            revoked: client("revoked").signed_by(&root),
            revoked_intermediate: authority("Revoked").signed_by(&root),
            pinned: client("pinned").signed_by(&root),
            root,
            intermediate,
        }
    }

    pub fn pki(&self) -> Pki {
        let ca = self.root.identity();
        Pki {
            server: pki::server().signed_by(&ca),
            client: self.pinned.identity(),
            ca,
        }
    }

    /// The configuration, and the files that it names.
    pub fn write(&self, builder: Builder) -> Builder {
        let write = |name: &str, text: String| {
            std::fs::write(builder.directory().join(name), text).unwrap();
        };
        let root = self.root.identity();
        let revoked = [&self.revoked, &self.revoked_intermediate].map(Made::identity);
        let list = crl::of(&root).revoking(&revoked[0]).revoking(&revoked[1]);
        write("lists.pem", list.pem());
        write(
            "stale.pem",
            crl::of(&root)
                .revoking(&revoked[0])
                .from(-7200)
                .until(-3600)
                .pem(),
        );
        write("partial.pem", craft::pem(&self.intermediate.der));
        let many = [&self.root, &self.expired_root, &self.early_root];
        write("many.pem", many.map(|made| craft::pem(&made.der)).concat());
        let certificate = self.pinned.identity().certificate;
        let fingerprint = certificate.digest(MessageDigest::sha256()).unwrap();
        let fingerprint: String = fingerprint.iter().map(|b| format!("{b:02X}")).collect();
        let pin = openssl::sha::sha256(&self.revoked.key.public_key_to_der().unwrap());
        let sites = SITES.replace("FINGERPRINT", &fingerprint);
        let sites = sites.replace("PIN", &openssl::base64::encode_block(&pin));
        builder.config(&sites)
    }

    pub fn rows(&self) -> Vec<Row> {
        let parts = [
            self.paths(),
            self.times(),
            self.purposes(),
            self.name_constraints(),
            self.keys(),
            self.oddities(),
            self.strict(),
            self.lists(),
            self.rules(),
        ];
        parts.into_iter().flatten().collect()
    }
}

fn row(name: &'static str, site: &'static str, made: Made, reason: &'static str) -> Row {
    Row {
        name,
        site,
        made,
        reason,
    }
}
