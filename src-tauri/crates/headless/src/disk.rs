//! Work on what is remembered, which may wait for the disk.

use std::sync::{Arc, Mutex, PoisonError};

use store::Store;
use tokio::task::{JoinError, spawn_blocking};

/// Works on the store on a thread that may block, one work after the other.
///
/// # Errors
/// When the work panicked.
pub async fn with_store<T: Send + 'static>(
    store: &Arc<Mutex<Store>>,
    work: impl FnOnce(&mut Store) -> T + Send + 'static,
) -> Result<T, JoinError> {
    let store = Arc::clone(store);
    let working = spawn_blocking(move || {
        // The store is whole between its calls, whatever panicked.
        work(&mut store.lock().unwrap_or_else(PoisonError::into_inner))
    });
    working.await
}
