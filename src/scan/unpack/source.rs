//! A reader whose next bytes can be looked at.

use std::io::{self, BufRead, Read};

pub(super) struct Source<'s> {
    inner: &'s mut dyn Read,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<'s> Source<'s> {
    pub(super) fn new(inner: &'s mut dyn Read) -> Self {
        Self { inner, buffer: vec![], at: 0, ended: false }
    }

    /// The next bytes, fewer only at the end.
    pub(super) fn peek(&mut self, len: usize) -> io::Result<&[u8]> {
        while self.buffer.len() - self.at < len && !self.ended {
            self.buffer.drain(..self.at);
            self.at = 0;
            let filled = self.buffer.len();
            self.buffer.resize(filled + STEP, 0);
            let read = self.inner.read(&mut self.buffer[filled..]);
            self.buffer.truncate(filled + read.as_ref().copied().unwrap_or_default());
            match read {
                Ok(read) => self.ended = read == 0,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let rest = &self.buffer[self.at..];
        Ok(&rest[..rest.len().min(len)])
    }

    /// So many bytes; fewer are a fault.
    pub(super) fn exactly<const LEN: usize>(&mut self) -> io::Result<[u8; LEN]> {
        let bytes = *self.peek(LEN)?.first_chunk().ok_or(io::ErrorKind::UnexpectedEof)?;
        self.consume(LEN);
        Ok(bytes)
    }

    /// As text, if it is not longer than names are.
    pub(super) fn text(&mut self, len: u64) -> io::Result<Vec<u8>> {
        if len > LONGEST_TEXT {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut text = vec![];
        self.take(len).read_to_end(&mut text)?;
        if text.len() as u64 == len { Ok(text) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    pub(super) fn skip(&mut self, len: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.take(len), &mut io::sink())?;
        if skipped == len { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let len = ready.len().min(buffer.len());
        buffer[..len].copy_from_slice(&ready[..len]);
        self.consume(len);
        Ok(len)
    }
}

impl BufRead for Source<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.buffer.len() {
            self.peek(1)?;
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, len: usize) {
        self.at += len;
    }
}

const STEP: usize = 64 * 1024;
const LONGEST_TEXT: u64 = 1 << 20;
