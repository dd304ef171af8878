//! A digest of what goes through, for files that are checked later.

use std::io::{self, Read, Write};

use sha2::{Digest, Sha256};

/// Passes on what is written or read, and digests it.
pub(crate) struct Digesting<T> {
    inner: T,
    digest: Sha256,
}

impl<T> Digesting<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self { inner, digest: Sha256::new() }
    }

    fn hex(self) -> String {
        base16ct::lower::encode_string(&self.digest.finalize())
    }
}

impl<W: Write> Digesting<W> {
    pub(crate) fn finish(mut self) -> io::Result<String> {
        self.inner.flush()?;
        Ok(self.hex())
    }
}

impl<R: Read> Digesting<R> {
    /// The digest of everything there is.
    pub(crate) fn of(from: R) -> io::Result<String> {
        let mut digesting = Self::new(from);
        io::copy(&mut digesting, &mut io::sink())?;
        Ok(digesting.hex())
    }
}

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.digest.update(&bytes[..read]);
        Ok(read)
    }
}
