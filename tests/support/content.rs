//! Much content that is cheap to make and can't be mistaken for other content.

use std::io::{Read, Write};

use openssl::sha::Sha256;

/// What the large transfers carry.
pub const LARGE: u64 = 100 * 1024 * 1024;

const BLOCK: usize = 64 * 1024;

/// What was transferred: bytes and SHA-256.
pub type Sum = (u64, [u8; 32]);

/// Blocks of 64 KiB that all differ, up to `length` bytes.
pub struct Blocks {
    block: Vec<u8>,
    number: u64,
    left: u64,
}

impl Blocks {
    pub fn new(length: u64) -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let random = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        });
        Self {
            block: random.take(BLOCK).collect(),
            number: 0,
            left: length,
        }
    }

    /// The next block; `None` at the end.
    pub fn next(&mut self) -> Option<&[u8]> {
        let length = self.left.min(BLOCK as u64) as usize;
        self.left -= length as u64;
        self.number += 1;
        self.block[..8].copy_from_slice(&self.number.to_be_bytes());
        (length > 0).then(|| &self.block[..length])
    }
}

/// Sums up what is read or written.
#[derive(Default)]
pub struct Summing {
    hash: Sha256,
    length: u64,
}

impl Summing {
    pub fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
    }

    pub fn sum(self) -> Sum {
        (self.length, self.hash.finish())
    }
}

/// What `length` bytes of content sum up to.
pub fn sum(length: u64) -> Sum {
    let (mut blocks, mut summing) = (Blocks::new(length), Summing::default());
    while let Some(block) = blocks.next() {
        summing.add(block);
    }
    summing.sum()
}

/// Writes `length` bytes of content.
pub fn write(stream: &mut impl Write, length: u64) -> std::io::Result<()> {
    let mut blocks = Blocks::new(length);
    while let Some(block) = blocks.next() {
        stream.write_all(block)?;
    }
    Ok(())
}

/// Reads to the end.
pub fn read(stream: &mut impl Read) -> std::io::Result<Sum> {
    let (mut buffer, mut summing) = (vec![0; BLOCK], Summing::default());
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(summing.sum()),
            read => summing.add(&buffer[..read]),
        }
    }
}
