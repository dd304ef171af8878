//! The program on failing disks, under kills and power cuts, and what its memory holds.

#[path = "../support/mount.rs"]
mod mount;
#[path = "../support/process.rs"]
mod process;
#[path = "../support/running.rs"]
mod running;
#[path = "../support/mod.rs"]
mod support;

mod backup_faults;
mod crashes;
mod full_disk;
mod live_kills;
mod memory;
mod power_loss;
mod syscalls;
