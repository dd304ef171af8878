//! A share of a master key: read strictly, written again, the same, and never echoed; what was changed gives no key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::share(data));
