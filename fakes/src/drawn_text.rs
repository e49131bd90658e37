//! Texts drawn from the keyed generator: tokens, GUIDs, hexadecimal ids.

use crate::{env::Env, json_text::push_display};

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
    let mut bits = 0;
    let mut part = format!("{purpose}.");
    let purpose_bytes = part.len();
    for index in 0..length {
        if index % CHARACTERS_PER_DRAW == 0 {
            part.truncate(purpose_bytes);
            push_display(&mut part, index / CHARACTERS_PER_DRAW);
            bits = env.draw.bits(entity, &part);
        }
        let size = alphabet.len() as u64;
        text.push(char::from(alphabet[(bits % size) as usize]));
        bits /= size;
    }
    text
}

/// A GUID.
pub(crate) fn guid(env: &Env, entity: &str, purpose: &str) -> String {
    let digits = drawn(env, entity, purpose, HEX, 32);
    format!(
        "{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    )
}
