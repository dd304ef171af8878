//! What the program promises: the built one, started as its users start it.

#[path = "../support/edited.rs"]
mod edited;
#[path = "../support/ground.rs"]
mod ground;
#[path = "../support/process.rs"]
#[allow(dead_code, reason = "the faults use more of it")]
mod process;
#[path = "../support/running.rs"]
mod running;
#[path = "../support/mod.rs"]
mod support;

mod admission;
mod audit_trail;
mod backup;
mod bulk;
#[cfg(feature = "age")]
mod canaries;
mod checkpointed;
mod doctor;
mod due;
#[cfg(feature = "age")]
mod escrow;
#[cfg(feature = "age")]
mod forced_reissue;
mod help;
mod imports;
mod life;
mod listing;
mod naming;
mod operator;
mod policy;
#[cfg(feature = "age")]
mod recovery;
mod quiet;
mod rotating;
mod runbooks;
mod scan_accepted;
mod scan_canary;
mod scan_ci;
mod scan_history;
mod scan_mistakes;
mod scan_places;
mod scan_staged;
mod sources;
mod spellings;
mod unlimited_reads;
mod usage;
mod verbs;
mod verifier;
mod weak_master_keys;
mod weak_tokens;
mod witnessed;
#[cfg(not(feature = "age"))]
mod without_age;
