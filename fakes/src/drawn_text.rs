//! Texts drawn from the keyed generator: tokens, GUIDs, hexadecimal ids.

use crate::{env::Env, json_text::push_number};

/// The alphabet of installation tokens.
pub(crate) const BASE_62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The alphabet of runner registration tokens.
pub(crate) const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Lower-case hexadecimal digits.
pub(crate) const HEX: &[u8] = b"0123456789abcdef";

/// How many characters one draw of 64 bits fills, for alphabets of up to 64 characters.
const CHARACTERS_PER_DRAW: usize = 10;

/// `length` characters of `alphabet`, drawn for this entity and purpose.
pub(crate) fn drawn(
    env: &Env,
    entity: &str,
    purpose: &str,
    alphabet: &[u8],
    length: usize,
) -> String {
    let mut text = String::with_capacity(length);
    let mut part = String::with_capacity(purpose.len() + 4);
    part.push_str(purpose);
    part.push('.');
    let (purpose_bytes, size) = (part.len(), alphabet.len() as u64);
    let mut characters = [0; CHARACTERS_PER_DRAW];
    while text.len() < length {
        part.truncate(purpose_bytes);
        push_number(&mut part, (text.len() / CHARACTERS_PER_DRAW) as u64);
        let mut bits = env.draw.bits(entity, &part);
        for character in &mut characters {
            *character = alphabet[(bits % size) as usize];
            bits /= size;
        }
        let left = (length - text.len()).min(CHARACTERS_PER_DRAW);
        // Every alphabet is of ASCII.
        text.push_str(std::str::from_utf8(&characters[..left]).unwrap_or_default());
    }
    text
}

/// A GUID.
pub(crate) fn guid(env: &Env, entity: &str, purpose: &str) -> String {
    let digits = drawn(env, entity, purpose, HEX, 32);
    let (first, second, third) = (&digits[..8], &digits[8..12], &digits[12..16]);
    let (fourth, last) = (&digits[16..20], &digits[20..]);
    [first, "-", second, "-", third, "-", fourth, "-", last].concat()
}
