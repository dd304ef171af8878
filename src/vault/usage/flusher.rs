//! A thread that writes what was counted, once an interval.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use crate::error::{Detail, Error};
use crate::vault::handle::Vault;
use crate::vault::recorder::Recorder;

/// Writes the uses that a vault has counted, once an interval, for as long as it is kept. Dropping it writes a last time. Keep it
/// beside the vault, under a name: `let _ = ` drops it at once.
///
/// ```
/// use strongroom::usage::UsageFlusher;
/// use strongroom::{Act, MasterKey, MasterKeys, MemoryStore, NewApiKey, Request, Vault};
///
/// let keys = MasterKeys::single(MasterKey::generate()?);
/// let vault = Vault::create(MemoryStore::new(), keys, &Act::by("deploy"))?;
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
    recorder: Weak<Recorder>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl UsageFlusher {
    /// Starts the thread. It does not keep the vault alive. The interval is that of
    /// [`UsageOptions`](crate::usage::UsageOptions::interval), 60 seconds unless it was set.
    pub fn start(vault: &Vault) -> Result<Self, Error> {
        let (stop, stopped) = channel();
        let (weak, interval) = (Arc::downgrade(&vault.usage), vault.usage.interval);
        let thread = std::thread::Builder::new().name("strongroom-usage".into()).spawn({
            let weak = Weak::clone(&weak);
            move || {
                while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                    let Some(recorder) = weak.upgrade() else { return };
                    flush(&recorder);
                }
            }
        });
        let thread = thread.map_err(|source| Detail::NoThread { source })?;
        Ok(Self { recorder: weak, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for UsageFlusher {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so, and the last flush is tried all the same.
            let _ = thread.join();
        }
        if let Some(recorder) = self.recorder.upgrade() {
            flush(&recorder);
        }
    }
}

fn flush(recorder: &Recorder) {
    if let Err(error) = recorder.flush() {
        tracing::warn!(%error, "uses of API keys could not be written; they are kept for the next time");
    }
}
