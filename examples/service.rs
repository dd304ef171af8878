//! A service that issues API keys and guards a route with them: `cargo run --example service`.
//!
//! Its requests are made up, so that it needs no network and no HTTP library; docs/service.md says what stands behind each part.
#![expect(clippy::print_stdout, reason = "it shows what the service answers")]

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use strongroom::audit::AuditFilter;
use strongroom::rotation::{RotateOptions, RotationOutcome, RotationReport};
use strongroom::usage::UsageFlusher;
use strongroom::{
    Act, Cursor, Error, ErrorKind, MasterKey, MasterKeys, NewApiKey, Query, Refusal, Request, SqliteStore, Vault,
    VaultOptions, VerifyError,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    // A service calls `MasterKeys::from_env()` where this has a text.
    let key = || Ok::<_, Error>(MasterKey::generate()?.to_text().expose().to_owned());
    let (old, new) = (format!("1:{}", key()?), format!("2:{}", key()?));
    let service = Arc::new(Service::start(folder.path().join("vault.db"), MasterKeys::parse(&old)?)?);

    let alice = Act::by("alice").because("ticket 4711");
    let issued = service.vault().issue(&NewApiKey::new("billing worker").owner("acme").scope("read"), &alice)?;
    for _ in 0..4 {
        service.vault().issue(&NewApiKey::new("another"), &alice)?;
    }
    let (token, home) = (Some(issued.token.expose()), IpAddr::from([127, 0, 0, 1]));
    let guarded = |token, scope| said("GET /v1/invoices", service.guard(token, scope, "/v1/invoices", home));
    assert_eq!(guarded(token, "read"), 200);
    assert_eq!(guarded(token, "write"), 403);
    assert_eq!(guarded(Some("sr_guessed"), "read"), 401);
    assert_eq!(guarded(None, "read"), 401);

    let mut after = None;
    loop {
        let page = service.vault().list(&Query::new().limit(2).after(after))?;
        println!("GET /keys: {}", serde_json::to_string(&page)?.len());
        let Some(next) = page.next else { break };
        // As it comes back in the next request.
        after = Some(next.to_string().parse::<Cursor>()?);
    }
    assert_eq!(said("GET /keys/no-id", service.show("no-id")), 400);
    assert_eq!(said("GET /keys/...", service.show("01k9zzzzzzzzzzzzzzzzzzzzzz")), 404);

    // The new master key beside the old one, without a restart; then the rotation, while requests go on.
    service.reopen(MasterKeys::parse(&format!("{old},{new}"))?)?;
    let rotating = {
        let (service, act) = (Arc::clone(&service), Act::by("alice").because("yearly rotation"));
        std::thread::spawn(move || service.rotate(&act))
    };
    assert_eq!(guarded(token, "read"), 200);
    let report = rotating.join().expect("it does not panic")?;
    println!("GET /rotation: {}, {}", report.outcome.name(), service.progress());
    assert_eq!(report.outcome, RotationOutcome::Finished);

    // The old master key is not needed any more.
    service.reopen(MasterKeys::parse(&new)?)?;
    assert_eq!(guarded(token, "read"), 200);
    service.vault().revoke(issued.id, &alice)?;
    assert_eq!(guarded(token, "read"), 401);
    let of_alice = service.vault().find_audit_entries(&AuditFilter::new().actor("alice"), None, 100)?;
    println!("GET /audit?actor=alice: {} entries", of_alice.items.len());
    Ok(())
}

struct Service {
    path: PathBuf,
    open: RwLock<Arc<Open>>,
    progress: Mutex<String>,
    stopping: AtomicBool,
}

/// A vault and the thread that writes its uses, which is dropped before it.
struct Open {
    _flusher: UsageFlusher,
    vault: Vault,
}

impl Open {
    fn at(path: &Path, keys: MasterKeys) -> Result<Arc<Self>, Error> {
        let first = Act::by("keyservice").because("first start");
        let store = SqliteStore::open_or_create(path)?;
        let vault = VaultOptions::new().to_rotate(true).open_or_create(store, keys, &first)?;
        Ok(Arc::new(Self { _flusher: UsageFlusher::start(&vault)?, vault }))
    }
}

impl Service {
    fn start(path: PathBuf, keys: MasterKeys) -> Result<Self, Error> {
        let open = RwLock::new(Open::at(&path, keys)?);
        Ok(Self { path, open, progress: Mutex::default(), stopping: AtomicBool::new(false) })
    }

    /// For one request: whoever holds it keeps what it was opened with.
    fn vault(&self) -> Vault {
        self.open.read().unwrap_or_else(PoisonError::into_inner).vault.clone()
    }

    /// Goes over to other master keys. What the old handle has counted is written when the last request with it has ended.
    fn reopen(&self, keys: MasterKeys) -> Result<(), Error> {
        let new = Open::at(&self.path, keys)?;
        let old = std::mem::replace(&mut *self.open.write().unwrap_or_else(PoisonError::into_inner), new);
        drop(old);
        Ok(())
    }

    fn rotate(&self, act: &Act) -> Result<RotationReport, Error> {
        self.vault().rotate(&RotateOptions::new(), act, |at| {
            let told = format!("{} {} of {}", at.phase.name(), at.done, at.total);
            *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = told;
            // A service that is told to end stops here; the next call goes on.
            if self.stopping.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }

    fn progress(&self) -> String {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn guard(&self, token: Option<&str>, scope: &str, route: &str, address: IpAddr) -> Reply {
        let Some(token) = token else { return Reply::new(401, "a token is needed") };
        let request = Request::new().scope(scope).address(address).endpoint(route);
        match self.vault().verify(token, &request) {
            Ok(key) => Reply::new(200, format!("hello {}", key.name)),
            Err(VerifyError::Refused { refusal: Refusal::Address | Refusal::Scope, .. }) => {
                Reply::new(403, "not with this token")
            }
            Err(VerifyError::Refused { .. }) => Reply::new(401, "the token is not valid"),
            // Not `failed`: nothing that the caller could mend.
            Err(_) => Reply::new(503, "try again later").retry_after(1),
        }
    }

    fn show(&self, id: &str) -> Reply {
        let shown = id.parse().map_err(Error::from).and_then(|id| self.vault().show(id));
        shown.map_or_else(|error| failed(&error), |key| Reply::new(200, key.name))
    }
}

/// To administrators: they may read what is wrong.
fn failed(error: &Error) -> Reply {
    let status = match error.kind() {
        ErrorKind::Input => 400,
        ErrorKind::NotFound => 404,
        ErrorKind::Conflict => 409,
        ErrorKind::Busy | ErrorKind::MasterKey => 503,
        _ => 500,
    };
    let reply = Reply::new(status, format!("{}: {error}", error.code()));
    if error.is_retryable() { reply.retry_after(1) } else { reply }
}

struct Reply {
    status: u16,
    retry_after: Option<Duration>,
    body: String,
}

impl Reply {
    fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, retry_after: None, body: body.into() }
    }

    fn retry_after(self, secs: u64) -> Self {
        Self { retry_after: Some(Duration::from_secs(secs)), ..self }
    }
}

fn said(asked: &str, reply: Reply) -> u16 {
    let later = reply.retry_after.map(|span| format!(" (in {} s)", span.as_secs())).unwrap_or_default();
    println!("{asked}: {} {}{later}", reply.status, reply.body);
    reply.status
}
