//! What the library promises, through its public interface.

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "sqlite")]
#[path = "../support/edited.rs"]
mod edited;

mod admission;
mod adversary;
mod anchor_files;
mod anchored;
mod audit_trail;
mod backup;
mod bad_records;
mod builders;
mod certificate;
mod claims;
mod codes;
mod compromised;
mod concurrent;
mod conformance;
mod doctor;
mod due;
mod error_texts;
mod errors;
mod faults;
mod floor;
mod followed;
mod forged;
mod grouped;
mod handles;
mod layering;
mod life;
mod many;
mod model;
mod other_engine;
mod paging;
mod policy;
mod put_back;
mod in_the_way;
mod races;
mod readme;
mod request;
mod rotation;
mod scan_archives;
mod scan_exact;
mod scan_generic;
mod scan_kinds;
mod scan_robustness;
mod scan_shown;
mod scan_stopped;
mod scan_writings;
mod service;
mod sqlite_files;
mod sqlite_free_pages;
mod sqlite_journal;
mod sqlite_moved;
mod sqlite_remnants;
mod sqlite_repair;
mod sqlite_schema;
mod sqlite_strangers;
mod sqlite_values;
mod tampering;
mod usage;
mod weak_keys;
mod weak_tokens;
mod witnessed;
mod written;
