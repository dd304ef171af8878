//! How much may come out of packed content: a bomb has an end here.

use std::cell::Cell;
use std::io::{self, Read};

/// What went into the decoders of one content, and what came out of them.
#[derive(Default)]
pub(super) struct Bound {
    /// Bytes of the outermost layer so far.
    read: Cell<u64>,
    /// Bytes that were unpacked so far.
    made: Cell<u64>,
}

impl Bound {
    /// The outermost layer.
    pub(super) fn packed<R: Read>(&self, inner: R) -> Packed<'_, R> {
        Packed { inner, bound: self }
    }

    /// What a decoder gives. Ends with an error where a bomb would go on.
    pub(super) fn unpacked<R: Read>(&self, inner: R) -> Unpacked<'_, R> {
        Unpacked { inner, bound: self }
    }

    /// More than a GiB, and a hundred times what it was made of.
    pub(super) fn is_over(&self) -> bool {
        self.made.get() > MOST_MADE && self.made.get() / MOST_TIMES > self.read.get()
    }
}

pub(super) struct Packed<'b, R> {
    inner: R,
    bound: &'b Bound,
}

impl<R: Read> Read for Packed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bound.read.set(self.bound.read.get() + read as u64);
        Ok(read)
    }
}

pub(super) struct Unpacked<'b, R> {
    inner: R,
    bound: &'b Bound,
}

impl<R: Read> Read for Unpacked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bound.is_over() {
            return Err(io::Error::other(TOO_LONG));
        }
        let read = self.inner.read(buffer)?;
        self.bound.made.set(self.bound.made.get() + read as u64);
        Ok(read)
    }
}

const MOST_MADE: u64 = 1 << 30;
const MOST_TIMES: u64 = 100;
const TOO_LONG: &str = "it unpacks to more than 1 GiB, and a hundred times its length: the rest was not unpacked";
