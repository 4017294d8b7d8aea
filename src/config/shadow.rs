//! `[shadow]`: a candidate for what decides about clients, which is judged beside it and decides nothing.
//!
//! Each of its keys is a candidate for the setting of the same name, and holds where that one holds: outside of
//! the blocks for all sites that have nothing of their own there, in `[site.shadow]` for one.

use std::str::FromStr;

use figment::value::{Dict, Value};

use super::definitions;
use super::file::{SiteTable, in_place, kind_of};
use super::layers::unknown;
use super::settings::Reader;
use super::site::{CrlSettings, SiteSettings};
use super::values::{ClientAuth, Expected};
use crate::findings::{Finding, Findings};

/// The table's key.
pub(super) const SHADOW: &str = "shadow";

/// The settings that it can have a candidate for.
const KEYS: [&str; 9] = [
    "client-ca",
    "crl",
    "crl-check",
    "crl-policy",
    "allow",
    "deny",
    "verify-depth",
    "partial-chain",
    "any-purpose",
];

/// A candidate, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowSettings {
    /// The site's settings as they would be with it.
    pub candidate: Box<SiteSettings>,
    /// Where its client CA was written; `None` if it has the site's.
    pub client_ca: Option<String>,
    /// Where its revocation lists were written; `None` if it has the site's.
    pub crl: Option<String>,
}

/// Reads `[shadow]` as far as it can be without knowing whose it is; `of` is the file, or the site of it.
pub(super) fn table(
    value: Option<Value>,
    name: &str,
    of: &str,
    findings: &mut Findings,
) -> Option<SiteTable> {
    let label = format!("[{name}] of {of}");
    let mut settings = match value? {
        Value::Dict(_, table) => table,
        other => {
            findings.push(
                Finding::error(label, format!("found {}", kind_of(&other)))
                    .expected("a table")
                    .advice("Write [shadow], or [site.shadow] below a [[site]], and one key = value a line."),
            );
            return None;
        }
    };
    settings.retain(|key, _| {
        let known = KEYS.contains(&key.as_str());
        if !known {
            findings.push(match definitions::find(key) {
                Some(_) => Finding::error(format!("{key} in {label}"), "set in a candidate")
                    .expected(format!("one of {}", KEYS.join(", "))),
                None => in_place(unknown(key, KEYS.into_iter()), &label),
            });
        }
        known
    });
    Some(SiteTable {
        label,
        names: Vec::new(),
        headers: None,
        routes: None,
        shadow: None,
        settings,
    })
}

/// Whether a table is there in which nothing is set.
pub(super) fn is_empty(table: Option<&SiteTable>) -> bool {
    table.is_none_or(|table| Dict::is_empty(&table.settings))
}

impl<'a> Reader<'a> {
    /// The candidate for the site that is read, whose own settings are these.
    pub(super) fn shadow(&mut self, live: &SiteSettings) -> Option<ShadowSettings> {
        let tables = KEYS.map(|key| self.shadow_of(key));
        let own = tables.iter().flatten().next()?;
        if matches!(live.client_auth, ClientAuth::Off | ClientAuth::Header) {
            // A site without clients' certificates, in a file with a candidate for the others, is no fault.
            if self.site.is_none() || self.site.is_some_and(|site| site.shadow.is_some()) {
                self.findings.push(
                    Finding::error(&own.label, format!("a candidate, and client-auth is {}", live.client_auth))
                        .expected("client-auth required, optional or pinned")
                        .advice(
                            "No client is asked for a certificate in its handshake, so there is nothing to judge.",
                        ),
                );
            }
            return None;
        }
        let mut candidate = live.clone();
        self.take("crl-check", &mut candidate.crls.check);
        self.take("crl-policy", &mut candidate.crls.policy);
        self.take("verify-depth", &mut candidate.verify_depth);
        self.take("partial-chain", &mut candidate.partial_chain);
        self.take("any-purpose", &mut candidate.any_purpose);
        if let Some(rules) = self.within("allow", |read| read.rules("allow")) {
            candidate.allow = rules;
        }
        if let Some(rules) = self.within("deny", |read| read.rules("deny")) {
            candidate.deny = rules;
        }
        let place = |read: &mut Self, name| read.written(name).place;
        let client_ca = self.within("client-ca", |read| {
            if read.written("client-ca").values.is_empty() {
                let place = place(read, "client-ca");
                read.wrong(&place, "", "a file".to_owned());
            }
            (read.paths("client-ca").pop(), place(read, "client-ca"))
        });
        let client_ca = client_ca.map(|(path, place)| {
            candidate.client_ca = path;
            place
        });
        let lists = self.within("crl", |read| (read.none_or_more("crl"), place(read, "crl")));
        let crl = lists.map(|(sources, place)| {
            candidate.crls = CrlSettings {
                place: place.clone(),
                sources,
                usual: false,
                ..candidate.crls.clone()
            };
            place
        });
        Some(ShadowSettings {
            candidate: Box::new(candidate),
            client_ca,
            crl,
        })
    }

    /// The table that has a candidate for this setting of the site.
    fn shadow_of(&self, name: &str) -> Option<&'a SiteTable> {
        const PAIR: [&str; 2] = ["client-ca", "crl"];
        let name_or_pair = match PAIR.contains(&name) {
            true => &PAIR[..],
            false => &[name][..],
        };
        let has = |table: &&SiteTable| table.settings.contains_key(name);
        let own = self.site.and_then(|site| site.shadow.as_deref());
        own.filter(has).or_else(|| {
            let general = self.layers.shadow().filter(has);
            general.filter(|_| !self.has_own(name_or_pair))
        })
    }

    fn within<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let table = self.shadow_of(name)?;
        let site = self.site.replace(table);
        let value = read(self);
        self.site = site;
        Some(value)
    }

    fn take<T: FromStr<Err = Expected>>(&mut self, name: &str, value: &mut T) {
        if let Some(candidate) = self.within(name, |read| read.one(name)) {
            *value = candidate;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Settings;
    use super::super::layers::Layers;

    fn read(toml: &str) -> (Settings, Vec<String>) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, toml).unwrap();
        let (layers, mut findings) = Layers::read(&[], &vec![], Some(&file), &[]);
        let (settings, wrong) = Settings::read(&layers);
        findings.extend(wrong);
        let file = file.display().to_string();
        let findings = findings.iter().map(ToString::to_string);
        let findings = findings.map(|text| text.replace(&file, "FILE"));
        (settings, findings.collect())
    }

    #[test]
    fn what_it_has_not_is_the_sites() {
        let (settings, findings) = read(
            "crl-policy = \"soft\"\ncrl = \"old.crl\"\nallow = [\"cn:a\"]\n[shadow]\nclient-ca = \"new.pem\"\nverify-depth = 1\n",
        );
        assert_eq!(findings, [""; 0]);
        let shadow = settings.default_site().shadow.as_ref().unwrap();
        let (live, candidate) = (settings.default_site(), &shadow.candidate);
        assert_eq!(candidate.client_ca.as_deref(), Some(Path::new("new.pem")));
        assert_eq!(candidate.verify_depth.0, 1);
        assert_eq!((live.client_ca.as_ref(), live.verify_depth.0), (None, 4));
        assert_eq!(
            (&candidate.crls, &candidate.allow),
            (&live.crls, &live.allow)
        );
        assert!(shadow.client_ca.is_some());
        assert_eq!(shadow.crl, None);
    }

    #[test]
    fn a_candidate_holds_where_its_setting_holds() {
        let (settings, findings) = read(
            "[shadow]\ndeny = [\"cn:a\"]\ncrl = [\"new.crl\"]\n\
             [[site]]\nnames = [\"same.example\"]\n\
             [[site]]\nnames = [\"ca.example\"]\nclient-ca = \"own.pem\"\n\
             [[site]]\nnames = [\"own.example\"]\ndeny = [\"cn:b\"]\n[site.shadow]\ncrl = []\n\
             [[site]]\nnames = [\"off.example\"]\nclient-auth = \"off\"\n",
        );
        assert_eq!(findings, [""; 0]);
        let told: Vec<_> = settings
            .sites
            .iter()
            .map(|site| {
                let shadow = site.settings.shadow.as_ref()?;
                let candidate = &shadow.candidate;
                Some((
                    candidate.deny.rules.join(","),
                    candidate.crls.sources.len(),
                    shadow.crl.is_some(),
                ))
            })
            .collect();
        let told = |index: usize| {
            told[index]
                .as_ref()
                .map(|(deny, lists, own)| (deny.as_str(), *lists, *own))
        };
        assert_eq!(told(0), Some(("cn:a", 1, true)));
        assert_eq!(told(1), Some(("cn:a", 1, true)));
        assert_eq!(
            told(2),
            Some(("cn:a", 0, false)),
            "the lists are of another CA"
        );
        assert_eq!(told(3), Some(("cn:b", 0, true)));
        assert_eq!(told(4), None);
    }

    #[test]
    fn faults_name_the_table() {
        let (_, findings) = read(
            "[shadow]\nverify-depth = \"many\"\nclient-cas = \"a\"\nroot = \"/\"\n\
             [[site]]\nnames = [\"a.example\"]\n[site.shadow]\ncrl-policy = \"hard\"\n",
        );
        let all = findings.join("\n");
        for said in [
            "verify-depth in [shadow] of FILE: found \"many\"",
            "client-cas in [shadow] of FILE: no setting has this name. Did you mean client-ca?",
            "root in [shadow] of FILE: set in a candidate; expected one of client-ca",
            "crl-policy in [site.shadow] of site a.example of FILE: found \"hard\"",
        ] {
            assert!(all.contains(said), "{said}\n{all}");
        }
        let (_, findings) = read("client-auth = \"off\"\n[shadow]\ndeny = [\"cn:a\"]\n");
        assert!(findings[0].contains("client-auth is off"), "{findings:?}");
        let (_, findings) = read("shadow = 1\n");
        assert!(
            findings[0].contains("[shadow] of FILE: found something else"),
            "{findings:?}"
        );
    }
}
