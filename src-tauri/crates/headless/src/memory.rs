//! How the program asks the system for memory, and gives it back.

use std::time::Duration;

use engine::Ended;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Keeps memory flat over many calls. To be called first in `main`, before any thread runs.
///
/// The GNU allocator gives threads heaps of their own. Every call starts new threads, which
/// allocate and free codecs and pictures of megabytes; memory that is free in one heap is not used
/// by another, so a program that runs for days would grow with every call. One heap for all
/// threads costs nothing that can be measured at the rate at which a call allocates.
///
/// What a codec or a picture needs is taken from the system and given back to it, as the allocator
/// does by itself until the first such block is freed: from then on it would put them into the heap
/// too, where a share of the screen or a call leaves a hole that the next one may not fit into.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "mallopt has no safe form")]
pub fn keep_flat() {
    // SAFETY: mallopt only sets a number, and no other thread runs yet.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}

/// From how many bytes on a block is no part of the heap: a little more than the luma of 640x360.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 256 * 1024;

/// Other allocators share their free memory between threads.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_flat() {}

/// Gives the memory of each call back to the system soon after its end, until the engine ends. The
/// allocator would keep most of it: free, but in the middle of its heap.
pub async fn give_back_after_calls(mut ended: broadcast::Receiver<Ended>) {
    while !matches!(ended.recv().await, Err(RecvError::Closed)) {
        tokio::time::sleep(RELEASED).await;
        give_back();
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "malloc_trim has no safe form")]
fn give_back() {
    // SAFETY: it touches free memory only, under the allocator's own lock.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}

/// When everything of a call is released, by the engine's promise.
const RELEASED: Duration = Duration::from_secs(1);
