//! How values of options are read that are no type of the library.

use std::ffi::OsString;

pub(super) fn share_count(text: &str) -> Result<OsString, &'static str> {
    match text.parse::<u8>() {
        Ok(count) if count >= 2 && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(text.into()),
        _ => Err("the number of shares is a number from 2 to 255"),
    }
}
