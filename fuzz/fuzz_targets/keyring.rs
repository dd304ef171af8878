//! The keyring row: nothing opens but what was written by a holder of its keys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::keyring(data));
