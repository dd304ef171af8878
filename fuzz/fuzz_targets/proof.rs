//! A proof about the audit log: read strictly, written again, the same; what was changed proves nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::proof(data));
