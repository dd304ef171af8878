//! Content from anywhere: scanned whole and in parts alike, a key that is put into it found, and nothing of it said.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::scan(data));
