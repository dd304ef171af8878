//! A rotation: one that is open, and how long one would take.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom::Vault;
use strongroom::rotation::{Census, OpenRotation, RotateOptions, RotationEstimate};

use crate::text::{counted, span};

pub(crate) fn described(open: &OpenRotation) -> String {
    let at = if open.running { "a process is at it" } else { "no process is at it" };
    format!(
        "from master key {} to {}, open since {}: {}, {} moved; {at}",
        open.from_master_key,
        open.to_master_key,
        open.started_at,
        open.phase.name(),
        counted(open.moved, "record"),
    )
}

pub(crate) fn open_rotation(open: &OpenRotation) -> Value {
    json!({
        "phase": open.phase.name(),
        "from_master_key": open.from_master_key,
        "to_master_key": open.to_master_key,
        "from_generation": open.from_generation,
        "to_generation": open.to_generation,
        "started_at": open.started_at.to_string(),
        "moved": open.moved,
        "running": open.running,
    })
}

pub(crate) fn generations(census: &[Census]) -> Value {
    let one = |of: &Census| json!({ "generation": of.generation, "master_key": of.master_key, "records": of.records });
    census.iter().map(one).collect()
}

/// How long a rotation would take, or why that is not known. Nothing depends on it.
pub(crate) fn estimate(vault: &Vault, options: &RotateOptions) -> Result<RotationEstimate, String> {
    vault.estimate_rotation(options).map_err(|error| error.to_string())
}

pub(crate) fn estimated(estimate: &Result<RotationEstimate, String>) -> String {
    match estimate {
        Ok(estimate) => {
            let per_second = estimate.per_second;
            format!("at least {}, at {per_second} records/s measured in memory", lasting(estimate.duration))
        }
        Err(why) => format!("unknown: {why}"),
    }
}

pub(crate) fn estimate_document(estimate: &Result<RotationEstimate, String>) -> Value {
    match estimate {
        Ok(of) => json!({ "per_second": of.per_second, "seconds": of.duration.as_secs_f64() }),
        Err(_) => Value::Null,
    }
}

fn lasting(time: Duration) -> String {
    if time < Duration::from_secs(10) { format!("{:.1} s", time.as_secs_f64()) } else { span(time.as_secs()) }
}
