//! A tar archive (POSIX ustar), as much of it as a backup needs: files one after the other. What
//! `tar` can unpack, nobody needs us to read.

use std::io::{Read, Write};

use types::Result;

use super::manifest::{damaged, truncated};

const BLOCK: usize = 512;
/// The largest size that eleven octal digits can say; above it stands a binary number, as GNU and
/// BSD have it.
const OCTAL: u64 = 0o77_777_777_777;

/// What stands in front of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) bytes: u64,
}

impl Entry {
    pub(super) fn write(&self, out: &mut impl Write, seconds: i64) -> Result<()> {
        let mut block = [0u8; BLOCK];
        put(&mut block, 0, self.name.as_bytes());
        put(&mut block, 100, b"0000600\0");
        put(&mut block, 108, b"0000000\0");
        put(&mut block, 116, b"0000000\0");
        if self.bytes <= OCTAL {
            put(&mut block, 124, format!("{:011o}\0", self.bytes).as_bytes());
        } else {
            block[124] = 0x80;
            put(&mut block, 128, &self.bytes.to_be_bytes());
        }
        put(&mut block, 136, format!("{:011o}\0", seconds.clamp(0, 1 << 32)).as_bytes());
        put(&mut block, 156, b"0");
        put(&mut block, 257, b"ustar\x0000");
        let sum = sum(&block);
        put(&mut block, 148, format!("{sum:06o}\0 ").as_bytes());
        out.write_all(&block)?;
        Ok(())
    }

    /// The next one; none at the end of the archive.
    pub(super) fn read(from: &mut impl Read) -> Result<Option<Self>> {
        let mut block = [0u8; BLOCK];
        fill(from, &mut block)?;
        if block.iter().all(|byte| *byte == 0) {
            fill(from, &mut block)?;
            return Ok(None);
        }
        let said = octal(&block[148..155]).ok_or_else(wrong)?;
        if said != u64::from(sum(&block)) || &block[257..262] != b"ustar" {
            return Err(wrong());
        }
        let name = block[..100].split(|byte| *byte == 0).next().unwrap_or_default();
        let name = std::str::from_utf8(name).map_err(|_| wrong())?.to_owned();
        let bytes = if block[124] == 0x80 {
            let mut number = [0; 8];
            number.copy_from_slice(&block[128..136]);
            u64::from_be_bytes(number)
        } else {
            octal(&block[124..135]).ok_or_else(wrong)?
        };
        Ok(Some(Self { name, bytes }))
    }
}

/// What stands behind a file, so that the next entry begins with a block.
pub(super) fn pad(bytes: u64) -> usize {
    let over = usize::try_from(bytes % BLOCK as u64).unwrap_or_default();
    (BLOCK - over) % BLOCK
}

pub(super) fn write_padding(out: &mut impl Write, bytes: u64) -> Result<()> {
    out.write_all(&[0; BLOCK][..pad(bytes)])?;
    Ok(())
}

pub(super) fn skip_padding(from: &mut impl Read, bytes: u64) -> Result<()> {
    fill(from, &mut [0; BLOCK][..pad(bytes)])
}

/// The end of an archive.
pub(super) fn write_end(out: &mut impl Write) -> Result<()> {
    out.write_all(&[0; 2 * BLOCK])?;
    Ok(())
}

fn put(block: &mut [u8; BLOCK], at: usize, bytes: &[u8]) {
    for (slot, byte) in block[at..].iter_mut().zip(bytes) {
        *slot = *byte;
    }
}

/// Of all bytes, those of the sum itself being spaces.
fn sum(block: &[u8; BLOCK]) -> u32 {
    let bytes = block.iter().enumerate();
    bytes.map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u32::from(*byte) }).sum()
}

fn octal(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    u64::from_str_radix(text.trim_matches(|letter| letter == '\0' || letter == ' '), 8).ok()
}

pub(super) fn fill(from: &mut impl Read, buffer: &mut [u8]) -> Result<()> {
    from.read_exact(buffer).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => truncated(),
        _ => super::unpack::unreadable(error),
    })
}

fn wrong() -> types::Error {
    damaged("the archive in it is none")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        for bytes in [0, 1, 511, 512, 513, OCTAL, OCTAL + 1, u64::from(u32::MAX) * 1000] {
            let entry = Entry { name: "keys/root.key".to_owned(), bytes };
            let mut written = Vec::new();
            entry.write(&mut written, 1_769_860_800).expect("written");
            assert_eq!(written.len(), BLOCK);
            let read = Entry::read(&mut written.as_slice()).expect("read");
            assert_eq!(read, Some(entry));
            written[3] ^= 1;
            assert!(Entry::read(&mut written.as_slice()).is_err(), "a changed one is none");
        }
    }

    #[test]
    fn the_end_is_two_empty_blocks() {
        let mut written = Vec::new();
        write_end(&mut written).expect("written");
        assert_eq!(Entry::read(&mut written.as_slice()).expect("read"), None);
        assert!(Entry::read(&mut &written[..600]).is_err(), "half an end is none");
    }
}
