//! A thread that writes what was counted, once an interval.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use crate::vault::Vault;

/// Writes the uses that a vault has counted, once an interval, for as long as it is kept. Dropping it writes a last time.
///
/// ```
/// use std::sync::Arc;
/// use strongroom::usage::UsageFlusher;
/// use strongroom::{Act, MasterKey, MasterKeys, MemoryStore, NewApiKey, Request, Vault};
///
/// let keys = MasterKeys::single(MasterKey::generate()?);
/// let vault = Arc::new(Vault::create(MemoryStore::new(), keys, &Act::by("deploy"))?);
/// let _flusher = UsageFlusher::start(&vault)?;
///
/// let issued = vault.issue(&NewApiKey::new("billing worker"), &Act::by("alice"))?;
/// let request = Request::new().address([203, 0, 113, 7]).endpoint("/v1/invoices");
/// vault.verify(issued.token.expose(), &request)?;
/// let usage = vault.usage(issued.id)?.expect("it was used");
/// assert_eq!((usage.verifications, usage.endpoints["/v1/invoices"]), (1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "it stops when it is dropped"]
pub struct UsageFlusher {
    vault: Weak<Vault>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl UsageFlusher {
    /// Starts the thread. It does not keep the vault alive. The interval is that of
    /// [`UsageOptions`](super::UsageOptions::interval), 60 seconds unless it was set.
    pub fn start(vault: &Arc<Vault>) -> io::Result<Self> {
        let (stop, stopped) = channel();
        let (weak, interval) = (Arc::downgrade(vault), vault.usage.interval);
        let thread = std::thread::Builder::new().name("strongroom-usage".into()).spawn({
            let weak = Weak::clone(&weak);
            move || {
                while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                    let Some(vault) = weak.upgrade() else { return };
                    flush(&vault);
                }
            }
        })?;
        Ok(Self { vault: weak, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for UsageFlusher {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so, and the last flush is tried all the same.
            let _ = thread.join();
        }
        if let Some(vault) = self.vault.upgrade() {
            flush(&vault);
        }
    }
}

fn flush(vault: &Vault) {
    if let Err(error) = vault.flush_usage() {
        tracing::warn!(%error, "uses of API keys could not be written; they are kept for the next time");
    }
}
