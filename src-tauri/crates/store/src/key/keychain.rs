//! The system's keychain: the Secret Service of Linux desktops, Keychain Services of macOS, the
//! Credential Manager of Windows.
//!
//! Any question to it may hang (a service that D-Bus starts and that never answers) or wait for the
//! user (a keychain that is locked asks for its password), so each runs on a thread of its own and
//! is waited for no longer than [`LIMIT`]. Of these threads there is one at most: a question waits
//! for the one before.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error};
use zeroize::Zeroizing;

/// Where secrets are kept by the name of an account.
pub(crate) trait Secrets {
    /// The secret of an account; none when there is none.
    fn get(&self, account: &str) -> Result<Option<Zeroizing<String>>, Unavailable>;

    /// Keeps a secret. Whether it is really kept, only reading it tells.
    fn set(&self, account: &str, secret: &Zeroizing<String>) -> Result<(), Unavailable>;
}

/// Why a keychain does not do what it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unavailable(pub(crate) String);

/// The keychain of the system that this program runs on.
#[derive(Debug)]
pub(crate) struct SystemKeychain;

impl Secrets for SystemKeychain {
    fn get(&self, account: &str) -> Result<Option<Zeroizing<String>>, Unavailable> {
        let account = account.to_owned();
        ask(move || match entry(&account)?.get_password() {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
    }

    fn set(&self, account: &str, secret: &Zeroizing<String>) -> Result<(), Unavailable> {
        let (account, secret) = (account.to_owned(), secret.clone());
        ask(move || entry(&account)?.set_password(&secret))
    }
}

/// How long an answer is waited for. One that answers at all does so within a tenth of it; the user
/// looks at no window meanwhile.
const LIMIT: Duration = Duration::from_secs(3);

/// The name under which users find our secrets in their keychain.
const SERVICE: &str = "chat.tincan";

/// The place of one secret. Connects anew each time: a service that is started later is found then.
fn entry(account: &str) -> keyring_core::Result<Entry> {
    keychain()?.build(SERVICE, account, None)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn keychain() -> keyring_core::Result<Arc<impl CredentialStoreApi>> {
    zbus_secret_service_keyring_store::Store::new()
}

#[cfg(target_os = "macos")]
fn keychain() -> keyring_core::Result<Arc<impl CredentialStoreApi>> {
    apple_native_keyring_store::keychain::Store::new()
}

#[cfg(windows)]
fn keychain() -> keyring_core::Result<Arc<impl CredentialStoreApi>> {
    windows_native_keyring_store::Store::new()
}

/// Asks on a thread of its own and waits for the answer, but not for ever.
fn ask<T: Send + 'static>(
    question: impl FnOnce() -> keyring_core::Result<T> + Send + 'static,
) -> Result<T, Unavailable> {
    let until = Instant::now() + LIMIT;
    let turn = Turn::take(until)?;
    let (tell, answer) = mpsc::sync_channel(1);
    let asking = move || {
        let said = question();
        drop(turn);
        // An answer that comes too late goes nowhere.
        let _ = tell.send(said);
    };
    let started = thread::Builder::new().name("keychain".into()).spawn(asking);
    started.map_err(|error: io::Error| Unavailable(error.to_string()))?;
    match answer.recv_timeout(until.saturating_duration_since(Instant::now())) {
        Ok(Ok(it)) => Ok(it),
        Ok(Err(error)) => Err(Unavailable(words(&error))),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(Unavailable::silent()),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err(Unavailable("its library failed".to_owned()))
        }
    }
}

impl Unavailable {
    fn silent() -> Self {
        Self(format!("no answer within {} s", LIMIT.as_secs()))
    }
}

/// What an error says. Some carry the secret, others the account: those are named by their kind.
fn words(error: &Error) -> String {
    match error {
        Error::PlatformFailure(cause) => cause.to_string(),
        Error::NoStorageAccess(cause) => format!("it is locked ({cause})"),
        Error::NoEntry => "it has no such secret".to_owned(),
        Error::Ambiguous(_) => "it has several such secrets".to_owned(),
        _ => "it cannot keep such a secret".to_owned(),
    }
}

/// The right to ask, of one thread at a time.
struct Turn;

static BUSY: Mutex<bool> = Mutex::new(false);
static DONE: Condvar = Condvar::new();

impl Turn {
    fn take(until: Instant) -> Result<Self, Unavailable> {
        let patience = until.saturating_duration_since(Instant::now());
        let waited = DONE.wait_timeout_while(busy(), patience, |it| *it);
        let (mut busy, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if *busy {
            return Err(Unavailable::silent());
        }
        *busy = true;
        Ok(Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *busy() = false;
        DONE.notify_one();
    }
}

fn busy() -> MutexGuard<'static, bool> {
    BUSY.lock().unwrap_or_else(PoisonError::into_inner)
}
