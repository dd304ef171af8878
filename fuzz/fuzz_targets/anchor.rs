//! The text of an anchor: what is read and written again says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::anchor(data));
