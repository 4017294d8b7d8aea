//! What may be reached, and what never.

use super::*;

#[tokio::test]
async fn no_path_leaves_the_root() {
    let site = Site::new();
    let outside = site.dir.path();
    site.write(".git/config", "hidden");
    site.link("relative-out", "../secret");
    site.link("absolute-out", outside.join("secret"));
    site.link("parent", "..");
    site.link("chain", "relative-out");
    site.link("system", "/");
    site.link("process", "/proc/self/root");
    site.link("loop-a", "loop-b");
    site.link("loop-b", "loop-a");
    site.link("self", "self");
    site.link("dangling", "nowhere");
    let absolute = format!("/{}", outside.join("secret").display());
    let through_system = format!("/system{}", outside.join("secret").display());
    for (target, status) in [
        ("/../secret", 400),
        ("/%2e%2e/secret", 400),
        ("/%2E%2e/secret", 400),
        ("/.%2e/secret", 400),
        ("/docs/../../secret", 400),
        ("/docs/%2e%2e/%2e%2e/secret", 400),
        ("//../secret", 400),
        ("/./../secret", 400),
        ("/..%00/secret", 400),
        ("/..%2fsecret", 404),
        ("/..%2Fsecret", 404),
        ("/%2e%2e%2fsecret", 404),
        ("/docs/..%2f..%2fsecret", 404),
        ("/..%5csecret", 404),
        ("/%2e%2e%5csecret", 404),
        ("/..\\secret", 404),
        ("/..;/secret", 404),
        ("/%2e%2e;/secret", 404),
        ("/%c0%ae%c0%ae/secret", 404),
        ("/%c0%ae%c0%ae%c0%afsecret", 404),
        ("/%e0%80%ae%e0%80%ae/secret", 404),
        ("/%252e%252e/secret", 404),
        ("/%252e%252e%252fsecret", 404),
        ("/%25252e%25252e/secret", 404),
        ("/....//secret", 404),
        ("/....\\/secret", 404),
        ("/..../secret", 404),
        ("/%uff0e%uff0e/secret", 400),
        ("/\u{ff0e}\u{ff0e}/secret", 404),
        ("//etc/passwd", 404),
        ("/%2fetc%2fpasswd", 404),
        (&absolute, 404),
        ("/file:///etc/passwd", 404),
        ("http://other/../secret", 400),
        ("*", 400),
        ("", 400),
        ("/relative-out", 404),
        ("/absolute-out", 404),
        ("/parent/secret", 404),
        ("/chain", 404),
        ("/system/etc/passwd", 404),
        (&through_system, 404),
        ("/process/etc/passwd", 404),
        ("/system/", 404),
        ("/parent", 404),
        ("/loop-a", 404),
        ("/self/self", 404),
        ("/dangling", 404),
        ("/.git/config", 404),
        ("/docs/../.git/config", 404),
        ("/%2egit/config", 404),
    ] {
        let answer = site.get(target).await;
        assert!(!answer.body.contains(SECRET), "{target} shows the secret");
        assert!(
            !answer.body.contains("root:"),
            "{target} shows a system file"
        );
        assert_eq!(answer.status, status, "{target}");
    }
}

#[tokio::test]
async fn links_that_stay_beneath_the_root_are_followed() {
    let site = Site::new();
    // As Kubernetes mounts a ConfigMap.
    site.write("..2026_01/app.txt", "from the map");
    site.link("..data", "..2026_01");
    site.link("app.txt", "..data/app.txt");
    site.link("up", "docs/../docs");
    site.link("inside", site.root().join("docs"));
    site.link("inside-root", site.root());
    for (target, body) in [
        ("/app.txt", "from the map"),
        ("/up/", "docs"),
        ("/inside/index.html", "docs"),
        ("/inside/", "docs"),
        ("/inside-root/", INDEX),
        ("/inside-root/docs/", "docs"),
    ] {
        let answer = site.get(target).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, body),
            "{target}"
        );
    }
    assert_eq!(site.get("/..data/app.txt").await.status, 404);
}

#[tokio::test]
async fn what_is_no_regular_file_is_not_found_and_never_waited_for() {
    let site = Site::new();
    let fifo = site.root().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let _release = Release(fifo);
    let _socket = std::os::unix::net::UnixListener::bind(site.root().join("socket")).unwrap();
    let long = format!("/{}", "a".repeat(300));
    let deep = "/a".repeat(5000);
    for target in [
        "/fifo",
        "/socket",
        "/fifo/",
        "/nothing",
        "/nothing/",
        &long,
        &deep,
    ] {
        let answer = site.get(target).await;
        assert_eq!(answer.status, 404, "{:.40}", target);
    }
    for target in ["/index.html/", "/index.html/x", "/index.html/index.html"] {
        assert_eq!(site.get(target).await.status, 404, "{target}");
    }
}

#[tokio::test]
async fn a_swapped_root_is_followed() {
    let site = Site::new();
    let current = site.dir.path().join("current");
    symlink(site.root(), &current).unwrap();
    let files = StaticFiles::with(&current, Duration::ZERO, Budget::new(1 << 20));
    let site = Site { files, ..site };
    assert_eq!(site.get("/").await.body, INDEX);

    let release = site.dir.path().join("release");
    fs::create_dir(&release).unwrap();
    fs::write(release.join("index.html"), "release").unwrap();
    let fresh = site.dir.path().join("fresh");
    symlink(&release, &fresh).unwrap();
    fs::rename(&fresh, &current).unwrap();
    assert_eq!(site.get("/").await.body, "release");

    fs::remove_file(&current).unwrap();
    assert_eq!(site.get("/index.html").await.status, 404);
}

#[test]
fn a_root_that_cannot_be_served_is_named() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = StaticFiles::open(&file).unwrap_err();
    assert!(matches!(&error, OpenRootError::NotADirectory(path) if *path == file));
    let missing = dir.path().join("missing");
    let error = StaticFiles::open(&missing).unwrap_err();
    assert!(matches!(&error, OpenRootError::Missing(path) if *path == missing));
    assert!(error.to_string().ends_with("missing does not exist"));
}

/// Lets go of a thread that hangs in opening the FIFO, so that the test fails instead of hanging too.
struct Release(PathBuf);

impl Drop for Release {
    fn drop(&mut self) {
        let _ = fs::File::options().read(true).write(true).open(&self.0);
    }
}
