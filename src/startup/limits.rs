//! The process's own limits, set before anything secret is read.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// No core dumps, which would hold keys; and all the file descriptors that the system grants.
pub fn set() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Lowering a limit is always allowed.
    let _ = setrlimit(Resource::Core, none);
    let files = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: files.maximum,
        maximum: files.maximum,
    };
    // Where even this is forbidden, the limit is what it was.
    let _ = setrlimit(Resource::Nofile, all);
}
