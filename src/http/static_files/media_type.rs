//! Content-Type from a file's name.
//!
//! Takes the name's extension, hands on the type that nginx's `mime.types` gives it, and for extensions that nginx
//! doesn't know, the one that `mime_guess` does. No charset is added: what a file says of itself stands.

use http::HeaderValue;

/// The Content-Type of a file of this path; `application/octet-stream` (nginx: `default_type`) if nothing is known.
pub(super) fn of(path: &str) -> HeaderValue {
    let name = path.rsplit('/').next().unwrap_or(path);
    let known = name.rsplit_once('.').and_then(|(_, extension)| {
        let as_nginx = NGINX_DIFFERS.iter();
        as_nginx
            .filter(|(known, _)| known.eq_ignore_ascii_case(extension))
            .map(|(_, media_type)| *media_type)
            .next()
            .or_else(|| mime_guess::from_ext(extension).first_raw())
    });
    HeaderValue::from_static(known.unwrap_or("application/octet-stream"))
}

/// The entries of nginx 1.22's `mime.types` that `mime_guess` 2.0.5 has otherwise.
const NGINX_DIFFERS: [(&str, &str); 14] = [
    ("js", "application/javascript"),
    ("bmp", "image/x-ms-bmp"),
    ("woff", "font/woff"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("prc", "application/x-pilot"),
    ("pdb", "application/x-pilot"),
    ("rpm", "application/x-redhat-package-manager"),
    ("sea", "application/x-sea"),
    ("dll", "application/octet-stream"),
    ("mid", "audio/midi"),
    ("midi", "audio/midi"),
    ("m4a", "audio/x-m4a"),
    ("ra", "audio/x-realaudio"),
    ("ts", "video/mp2t"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_as_nginx_gives_them() {
        for (path, expected) in [
            ("index.html", "text/html"),
            ("a/INDEX.HTM", "text/html"),
            ("style.css", "text/css"),
            ("app.js", "application/javascript"),
            ("data.json", "application/json"),
            ("logo.svg", "image/svg+xml"),
            ("a.png", "image/png"),
            ("a.jpg", "image/jpeg"),
            ("favicon.ico", "image/x-icon"),
            ("a.woff", "font/woff"),
            ("a.woff2", "font/woff2"),
            ("a.wasm", "application/wasm"),
            ("a.xml", "text/xml"),
            ("a.txt", "text/plain"),
            ("a.pdf", "application/pdf"),
            ("ca.pem", "application/x-x509-ca-cert"),
            ("ca.CRT", "application/x-x509-ca-cert"),
            ("a.mp4", "video/mp4"),
            ("a.zip", "application/zip"),
            ("a.nonesuch", "application/octet-stream"),
            ("README", "application/octet-stream"),
            ("dir.html/README", "application/octet-stream"),
            ("a.", "application/octet-stream"),
        ] {
            assert_eq!(of(path), expected, "{path}");
        }
    }
}
