//! The program on failing disks, under kills and power cuts, and what its memory holds.

#[path = "../support/mount.rs"]
mod mount;
#[path = "../support/process.rs"]
mod process;
#[path = "../support/running.rs"]
mod running;
#[path = "../support/mod.rs"]
mod support;

mod harness;
mod injected;
mod machine;

mod anchored_faults;
mod anchored_kills;
mod backup_faults;
mod compromised_kills;
mod crashes;
mod full_disk;
mod live_kills;
mod media;
mod memory;
mod mutants;
mod other_users;
mod power_loss;
mod syscalls;
mod writing_verbs;

use std::path::Path;

fn main() {
    if let Some(path) = std::env::var_os(live_kills::SERVICE) {
        live_kills::serve(Path::new(&path));
    }
    let modules = [
        anchored_faults::CLAIMS,
        anchored_kills::CLAIMS,
        backup_faults::CLAIMS,
        compromised_kills::CLAIMS,
        crashes::CLAIMS,
        full_disk::CLAIMS,
        live_kills::CLAIMS,
        media::CLAIMS,
        memory::CLAIMS,
        mutants::CLAIMS,
        other_users::CLAIMS,
        power_loss::CLAIMS,
        syscalls::CLAIMS,
        writing_verbs::CLAIMS,
    ];
    harness::run(modules.into_iter().flatten().copied()).exit();
}
