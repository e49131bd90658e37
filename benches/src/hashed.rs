//! Draws for worlds of which nothing depends on what is drawn.

use fakes::Draw;

/// Nothing depends on what is drawn, as long as it differs.
#[derive(Clone, Copy, Debug)]
pub struct Hashed;

impl Draw for Hashed {
    fn bits(&self, entity: &str, purpose: &str) -> u64 {
        let bytes = entity.bytes().chain([0]).chain(purpose.bytes());
        hash(bytes)
    }
}

/// The bytes as a number (FNV-1a).
pub fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
