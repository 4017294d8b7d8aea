//! Compiles AWS-LC's libssl from the sources that the real aws-lc-sys comes with, and tells
//! openssl-sys what the real one would.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

fn main() {
    // Cargo passes on what aws-lc-sys 0.47.0 says as DEP_AWS_LC_0_47_0_INCLUDE and the like.
    let (name, include) = env::vars()
        .find(|(name, _)| name.starts_with("DEP_AWS_LC_") && name.ends_with("_INCLUDE"))
        .expect("aws-lc-sys says where its headers are");
    let links = &name["DEP_".len()..name.len() - "_INCLUDE".len()];
    let conf = variable(&format!("DEP_{links}_CONF"));
    println!("cargo::metadata=include={include}");
    println!("cargo::metadata=conf={conf}");

    let package = package_that_links(&links.to_lowercase());
    let ssl = package.join("aws-lc/ssl");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", ssl.display());

    // As AWS-LC's CMakeLists.txt has it. Without exceptions and RTTI, libssl needs the headers of
    // the C++ library but not the library.
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .cpp_link_stdlib(None)
        .std("gnu++11")
        .flags(["-fno-exceptions", "-fno-rtti", "-fno-common"])
        .flag("-fvisibility=hidden")
        .define("BORINGSSL_IMPLEMENTATION", None)
        .define("NDEBUG", None)
        .warnings(false)
        // AWS-LC's errors name the file of the source: without this machine's directories.
        .flag(format!("-ffile-prefix-map={}/=", package.display()))
        // Unlike those in aws-lc/include, these headers know the prefix of libcrypto's symbols.
        .include(include)
        .files(sources(&ssl));
    require_compiler(&build);
    build.compile("aws_lc_ssl");
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Where Cargo keeps the package with this `links`. Only Cargo knows: the package's own build
/// script names its output, which has no sources of libssl.
fn package_that_links(links: &str) -> PathBuf {
    let output = Command::new(variable("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .args(["--manifest-path", "../Cargo.toml"])
        .args(["--filter-platform", &variable("TARGET")])
        .output()
        .expect("Cargo runs");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {error}");

    // All that is of interest in this JSON is plain strings, one of which is the right path.
    let links = format!("links = {links:?}");
    String::from_utf8(output.stdout)
        .expect("JSON is UTF-8")
        .split(r#""manifest_path":""#)
        .filter_map(|rest| Some(Path::new(rest.split_once('"')?.0)))
        .find(|path| fs::read_to_string(path).is_ok_and(|manifest| manifest.contains(&links)))
        .and_then(Path::parent)
        .unwrap_or_else(|| panic!("no package of ../Cargo.toml has {links}"))
        .to_owned()
}

/// What AWS-LC's own build makes libssl of: the files that its `add_library(ssl ...)` lists.
fn sources(ssl: &Path) -> Vec<PathBuf> {
    let cmake = fs::read_to_string(ssl.join("CMakeLists.txt")).expect("libssl has a build");
    let list = cmake.split("add_library(").nth(1).expect("a library");
    let list = list.split(')').next().expect("an end of the list");
    let files = list.split_whitespace().filter(|word| word.contains('.'));
    files.map(|file| ssl.join(file)).collect()
}

/// Says what to install where `cc` would only say what it could not run.
fn require_compiler(build: &cc::Build) {
    let compiler = build.get_compiler();
    if compiler.to_command().arg("--version").output().is_err() {
        println!(
            "cargo::error=AWS-LC's libssl is C++, and there is no {}: install g++ (on Debian: \
             apt-get install g++), or name another C++ compiler in CXX",
            compiler.path().display()
        );
        exit(1);
    }
}
