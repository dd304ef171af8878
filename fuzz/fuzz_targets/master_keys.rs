//! The list of master keys: read strictly, written again, the same, and never echoed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::master_keys(data));
