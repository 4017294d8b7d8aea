//! The process's own limits, set before anything secret is read.

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};
use rustix::thread::set_no_new_privs;

/// No core dumps, which would hold keys, and no way for programs that it starts to get more rights; and
/// all the file descriptors that the system grants.
pub fn set() {
    // A limit of no bytes is none to a program that takes core dumps by a pipe (core(5)). Other processes of
    // the same user can't look into this one either.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = set_no_new_privs(true);
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
