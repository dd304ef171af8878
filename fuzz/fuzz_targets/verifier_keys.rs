//! The list of verifier keys: read strictly, written again, the same, and never echoed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::verifier_keys(data));
