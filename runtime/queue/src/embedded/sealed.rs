//! How a value lies in the engine: with a checksum of its own, and cut into pieces when it is large, because the engine
//! would put it into a file of its own, which is where it is least careful.
//!
//! CRC-32 of key and rest (4 bytes) · number of pieces that follow under keys of their own (u16) · bytes.

use super::store::StoreError;

/// Values up to this size stay whole. A node of the engine has up to 17, and must stay below a quarter of its segment.
pub(super) const PIECE_BYTES: usize = 16 << 10;

/// Begins the keys of pieces; no [`crate::record::Key`] begins so.
const PIECE: u8 = 0xF0;

/// The key of a value's piece.
pub(super) fn piece_key(key: &[u8], number: u16) -> Vec<u8> {
    [&[PIECE], key, &number.to_be_bytes()].concat()
}

pub(super) fn is_piece(key: &[u8]) -> bool {
    key.first() == Some(&PIECE)
}

/// `body` under `key`, of which `pieces` follow.
pub(super) fn seal(key: &[u8], pieces: u16, body: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(6 + body.len());
    value.extend_from_slice(&[0; 4]);
    value.extend_from_slice(&pieces.to_le_bytes());
    value.extend_from_slice(body);
    let sum = checksum(key, &value[4..]);
    value[..4].copy_from_slice(&sum.to_le_bytes());
    value
}

/// The number of pieces that follow, and the bytes.
pub(super) fn unseal<'a>(key: &[u8], value: &'a [u8]) -> Result<(u16, &'a [u8]), StoreError> {
    let parts = value
        .split_first_chunk::<4>()
        .and_then(|(sum, rest)| Some((sum, rest, rest.split_first_chunk::<2>()?)));
    match parts {
        Some((sum, rest, (pieces, body))) if u32::from_le_bytes(*sum) == checksum(key, rest) => {
            Ok((u16::from_le_bytes(*pieces), body))
        }
        _ => Err(StoreError::Damaged(format!("the value of key {key:02x?} does not match its checksum"))),
    }
}

fn checksum(key: &[u8], rest: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(rest);
    hasher.finalize()
}
