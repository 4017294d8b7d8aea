use super::*;
use crate::config::values::{CrlCheck, CrlPolicy};
use crate::startup::test_certificates::{self as make, Pair};
use crate::startup::test_crls::{self, CrlSpec};

fn pem(spec: &CrlSpec) -> String {
    pem_of(&spec.der())
}

fn pem_of(der: &[u8]) -> String {
    let list = openssl::x509::X509Crl::from_der(der).unwrap();
    String::from_utf8(list.to_pem().unwrap()).unwrap()
}

fn settings(sources: &[CrlSource]) -> CrlSettings {
    CrlSettings {
        place: "--crl".to_owned(),
        sources: sources.to_vec(),
        usual: true,
        check: CrlCheck::Chain,
        policy: CrlPolicy::Strict,
    }
}

struct Files {
    dir: tempfile::TempDir,
    ca: Pair,
    other: Pair,
}

fn files() -> Files {
    Files {
        dir: tempfile::tempdir().unwrap(),
        ca: make::authority("CA"),
        other: make::authority("other"),
    }
}

impl Files {
    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> CrlSource {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        CrlSource::File(path)
    }

    fn load(&self, sources: &[CrlSource], variables: &[(&str, &str)]) -> Crls {
        let variables = variables.iter().map(|(n, v)| (n.into(), v.into()));
        let environment = Environment::new(variables);
        load(&settings(sources), self.dir.path(), &environment)
    }

    /// The one complaint about a source.
    #[track_caller]
    fn complaint(&self, source: CrlSource) -> String {
        let crls = self.load(&[source], &[]);
        assert!(crls.wanted && crls.findings.has_errors() && crls.lists.is_empty());
        assert_eq!(crls.findings.iter().count(), 1, "{}", crls.findings);
        crls.findings.to_string()
    }
}

#[test]
fn nothing_is_wanted_where_nothing_is() {
    let files = files();
    let crls = files.load(&[], &[]);
    assert!(!crls.wanted && crls.findings.is_empty() && crls.lists.is_empty());
    // What isn't there yet is to be watched all the same.
    let usual = files.dir.path().join(CLIENT_CRL_FILE);
    assert_eq!(crls.paths, [Sighting::of(&usual)]);
}

#[test]
fn pem_der_and_several_in_one_file() {
    let files = files();
    let (one, two) = (test_crls::of(&files.ca), test_crls::of(&files.other));
    let one = one.der();
    let both = files.write("both.pem", pem_of(&one) + &pem(&two));
    let der = files.write("one.crl", &one);
    for (sources, count) in [
        (vec![both.clone()], 2),
        (vec![der.clone()], 1),
        // The same list twice is one list.
        (vec![der, both], 2),
    ] {
        let crls = files.load(&sources, &[]);
        assert!(crls.wanted && crls.findings.is_empty(), "{}", crls.findings);
        assert_eq!(crls.lists.len(), count);
        assert_eq!(crls.paths.len(), 1 + sources.len());
    }
}

#[test]
fn the_file_of_the_certs_directory_is_used_beside_others() {
    let files = files();
    files.write(CLIENT_CRL_FILE, pem(&test_crls::of(&files.ca)));
    assert_eq!(files.load(&[], &[]).lists.len(), 1);
    let other = files.write("other.pem", pem(&test_crls::of(&files.other)));
    assert_eq!(files.load(std::slice::from_ref(&other), &[]).lists.len(), 2);
    // It is of the client CA there: a site with another one doesn't have it.
    let own = CrlSettings {
        usual: false,
        ..settings(&[other])
    };
    let crls = load(&own, files.dir.path(), &Environment::new([]));
    assert_eq!((crls.lists.len(), crls.paths.len()), (1, 1));
}

#[test]
fn the_environment_stands_in_for_the_file() {
    let files = files();
    files.write(CLIENT_CRL_FILE, "the old one, whatever it is");
    let list = pem(&test_crls::of(&files.ca));
    let (start, end) = list.split_at(100);
    for variables in [
        vec![("SSL_CLIENT_CRL", list.replace('\n', "\\n"))],
        vec![
            ("SSL_CLIENT_CRL_1", start.to_owned()),
            ("SSL_CLIENT_CRL_2", end.to_owned()),
        ],
    ] {
        let variables: Vec<_> = variables.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let crls = files.load(&[], &variables);
        assert!(crls.findings.is_empty(), "{}", crls.findings);
        assert_eq!(crls.lists.len(), 1);
        assert_eq!(crls.from_environment.as_deref(), Some(list.as_str()));
    }
    for wrong in ["x", "", &list[..200]] {
        let crls = files.load(&[], &[("SSL_CLIENT_CRL", wrong)]);
        assert!(crls.wanted && crls.findings.has_errors() && crls.from_environment.is_none());
        assert!(crls.findings.to_string().contains("SSL_CLIENT_CRL"));
    }
}

#[test]
fn what_is_no_list_is_named() {
    let files = files();
    let certificate = make::pem(&files.ca.certificate);
    let key = make::key_pem(&files.ca.key);
    let list = test_crls::of(&files.ca);
    let relabelled = certificate.replace("CERTIFICATE", "X509 CRL");
    let delta = test_crls::extension(&[0x55, 0x1d, 0x1b], true, &[2, 1, 1]);
    let mut two = list.der();
    two.extend(list.der());
    for (content, says) in [
        (Vec::new(), "an empty value"),
        (b"garbage".to_vec(), "no PEM block"),
        (
            certificate.clone().into(),
            "1 CERTIFICATE block; expected one or more revocation lists",
        ),
        (relabelled.into(), "a certificate; expected"),
        (
            files.ca.certificate.to_der().unwrap(),
            "a certificate; expected",
        ),
        ((key.clone() + &pem(&list)).into(), "Remove the key"),
        (pem(&list)[..200].into(), "a BEGIN X509 CRL without its END"),
        (list.der()[..100].into(), "no revocation list: "),
        (two, "bytes after the revocation list"),
        (list.clone().with(delta).der(), "a delta CRL"),
    ] {
        let source = files.write("given.pem", &content);
        let complaint = files.complaint(source);
        assert!(complaint.contains(says), "{says}: {complaint}");
        assert!(complaint.contains("given.pem"), "{complaint}");
    }
    assert!(
        files
            .complaint(CrlSource::File("/nonexistent".into()))
            .contains("can't be read")
    );
    let directory = CrlSource::File(files.dir.path().to_path_buf());
    assert!(files.complaint(directory).contains("directory"));

    // Beside a list, other public things are only in the way.
    let mixed = files.write("mixed.pem", certificate + &pem(&list));
    let crls = files.load(&[mixed], &[]);
    assert!(!crls.findings.has_errors() && !crls.findings.is_empty());
    assert_eq!(crls.lists.len(), 1);
}

/// Longer than anything that is pasted into a variable.
#[test]
fn a_long_list_is_read_whole() {
    let files = files();
    let mut list = test_crls::of(&files.ca);
    list.entries = (0..150_000u32)
        .map(|n| ((n + 1).to_be_bytes().to_vec(), Vec::new()))
        .collect();
    let text = pem(&list);
    assert!(text.len() > 4 << 20);
    let crls = files.load(
        &[
            files.write("long.pem", text),
            files.write("long.der", list.der()),
        ],
        &[],
    );
    assert!(crls.findings.is_empty(), "{}", crls.findings);
    assert_eq!(crls.lists[0].1.entries(), 150_000);
}
