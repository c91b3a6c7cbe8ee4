//! How the program asks the system for memory.

/// Keeps memory flat over many calls. To be called first in `main`, before any thread runs.
///
/// The GNU allocator gives threads heaps of their own, and every call starts new threads that
/// make and drop codecs and pictures of megabytes: what one heap has free another does not find,
/// and a phone that runs for days grows with every call. One heap for all costs nothing that can
/// be measured at a call's rate of allocations.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "mallopt has no safe form")]
pub fn use_one_heap() {
    // SAFETY: mallopt only sets a number, and no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Other allocators share their free memory between threads.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn use_one_heap() {}
