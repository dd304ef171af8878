//! One line of an import file: read strictly, written again, the same, and never echoed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::import_line(data));
