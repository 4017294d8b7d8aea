//! Whatever server stands behind: what is served to everybody is no path to it that somebody needs a certificate for.

#![no_main]

use std::sync::LazyLock;

use certgate::access::routes::Routes;
use certgate::config::layers::Layers;
use certgate::config::routes::{RouteAuth, RoutePath};
use certgate::config::site::WrittenRules;
use certgate::config::values::ClientAuth;
use certgate::config::{RouteSettings, Settings};
use http::uri::PathAndQuery;
use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode;

/// Closed below /admin and at /exact, but open below /admin/open; and closed but for what is below /open.
static ROUTES: LazyLock<[Routes; 2]> = LazyLock::new(|| {
    let prefix = |path: &str| RoutePath::Prefix(path.to_owned());
    let exact = |path: &str| RoutePath::Exact(path.to_owned());
    [
        routes(
            ClientAuth::Off,
            &[
                (prefix("/admin"), RouteAuth::Required),
                (prefix("/admin/open"), RouteAuth::Off),
                (exact("/exact"), RouteAuth::Required),
            ],
        ),
        routes(ClientAuth::Required, &[(prefix("/open"), RouteAuth::Off)]),
    ]
});

fn routes(site: ClientAuth, routes: &[(RoutePath, RouteAuth)]) -> Routes {
    let (layers, _) = Layers::read(&[], &Vec::new(), None, &[]);
    let (settings, _) = Settings::read(&layers);
    let mut settings = settings.default_site().clone();
    let nothing = || WrittenRules {
        place: String::new(),
        rules: Vec::new(),
    };
    settings.client_auth = site;
    settings.routes = routes
        .iter()
        .map(|(path, auth)| RouteSettings {
            path: path.clone(),
            label: String::new(),
            client_auth: Some(*auth),
            allow: nothing(),
            deny: nothing(),
            content: None,
        })
        .collect();
    Routes::read(&settings).unwrap_or_else(|_| panic!("routes that can't be read"))
}

fn is_below(path: &[u8], prefix: &str) -> bool {
    let rest = path.strip_prefix(prefix.as_bytes());
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
}

fn decoded(path: &[u8]) -> Vec<u8> {
    percent_decode(path).collect()
}

/// Go's path.Clean, Java's normalize, nginx: slashes merged, dots resolved.
fn clean(path: &[u8]) -> Vec<u8> {
    let mut names: Vec<&[u8]> = Vec::new();
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    [b"/", &names.join(&b'/')[..]].concat()
}

/// RFC 3986 section 5.2.4, with empty names.
fn without_dots(path: &[u8]) -> Vec<u8> {
    let mut names: Vec<&[u8]> = Vec::new();
    for name in path.split(|byte| *byte == b'/').skip(1) {
        match name {
            b"." => {}
            b".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    [b"/", &names.join(&b'/')[..]].concat()
}

fn without_parameters(path: &[u8]) -> Vec<u8> {
    let mut inside = false;
    let mut kept = path.to_vec();
    kept.retain(|byte| {
        inside = *byte == b';' || inside && *byte != b'/';
        !inside
    });
    kept
}

fn with_slashes(path: &[u8]) -> Vec<u8> {
    path.iter()
        .map(|byte| if *byte == b'\\' { b'/' } else { *byte })
        .collect()
}

/// As browsers and Node read it (the WHATWG's URL Standard).
fn url(path: &[u8]) -> Option<Vec<u8>> {
    let base = url::Url::parse("http://base.example").ok()?;
    let url = base.join(std::str::from_utf8(path).ok()?).ok()?;
    Some(url.path().as_bytes().to_vec())
}

/// What servers make of a path that came to them.
fn readings(raw: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let nginx = clean(&decoded(raw));
    let mut readings = vec![
        ("as it is", raw.to_vec()),
        ("decoded", decoded(raw)),
        ("nginx, merge_slashes off", without_dots(&decoded(raw))),
        ("nginx behind nginx", clean(&decoded(&nginx))),
        ("Tomcat", clean(&decoded(&without_parameters(raw)))),
        (
            "parameters after decoding",
            clean(&without_parameters(&decoded(raw))),
        ),
        ("IIS", clean(&with_slashes(&decoded(raw)))),
        (
            "IIS, decoding twice",
            clean(&with_slashes(&decoded(&decoded(raw)))),
        ),
        ("before decoding", decoded(&clean(raw))),
        ("Go", clean(raw)),
        ("nginx", nginx),
    ];
    readings.extend(url(raw).map(|path| ("a URL", path)));
    readings.extend(url(raw).map(|path| ("a URL, decoded", clean(&decoded(&path)))));
    readings
}

/// Mostly what means something.
fn path(bytes: &[u8]) -> String {
    const PIECES: [&str; 32] = [
        "/", "/", "/", ".", "..", "/../", "/./", "//", "\\", ";", "%", "%2e", "%2F", "%5c", "%25",
        "%3b", "%3F", "%23", "admin", "open", "exact", "/admin", "/open", "a", "%61", "dmin",
        "%41", "n", "%6e", "xact", "%c0", "%af",
    ];
    let piece = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte).to_string(),
        byte => PIECES[usize::from(*byte) % PIECES.len()].to_owned(),
    };
    bytes.iter().map(piece).collect()
}

fuzz_target!(|bytes: &[u8]| {
    // As hyper has it: without its query, and nothing with a space in it, which a URL may end with.
    let Ok(target) = path(bytes).parse::<PathAndQuery>() else {
        return;
    };
    let path = target.path();
    let [closed_below, open_below] = &*ROUTES;
    if closed_below.decide(None, None, path).is_ok() {
        for (server, read) in readings(path.as_bytes()) {
            let closed = is_below(&read, "/admin") && !is_below(&read, "/admin/open");
            let exact = matches!(&read[..], b"/exact" | b"/exact/");
            assert!(
                !closed && !exact,
                "{path}: {server} reads {:?}",
                String::from_utf8_lossy(&read)
            );
        }
    }
    if open_below.decide(None, None, path).is_ok() {
        for (server, read) in readings(path.as_bytes()) {
            assert!(
                is_below(&read, "/open"),
                "{path}: {server} reads {:?}",
                String::from_utf8_lossy(&read)
            );
        }
    }
});
