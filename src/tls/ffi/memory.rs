//! What the C library's allocator does with memory that is free.

/// Hands the pages back to the system that nothing is on, of all threads. glibc keeps what a peak took, since one small
/// thing at the top of a heap keeps all that is below it. Each heap is locked meanwhile. Whether there was anything.
pub fn give_back() -> bool {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes no pointers, and locks what it works on; malloc_trim(3) calls it MT-Safe.
    let given = unsafe { libc::malloc_trim(0) } == 1;
    // Others have no such thing: musl gives back at once.
    #[cfg(not(target_env = "gnu"))]
    let given = false;
    given
}
