//! A public key that is pinned, in both of its forms: each key has one spelling in each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::pin(data));
