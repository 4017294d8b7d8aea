//! What the process may do and show, set before anything secret is read.

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};
use rustix::thread::set_no_new_privs;

/// Neither leaves a core dump, nor lets other processes of the same user look into this one. A limit of no bytes is none
/// to a program that takes core dumps by a pipe (core(5)).
///
/// Who becomes another user has to say so again: the kernel takes fs.suid_dumpable then, which is 2 wherever
/// systemd-coredump or apport is installed (proc_sys_fs(5)).
pub fn hide() {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// No core dumps, which would hold keys, and no way for programs that it starts to get more rights; and
/// all the file descriptors that the system grants.
pub fn restrict() {
    hide();
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
