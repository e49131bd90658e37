//! A place in a text, and the steps over what stands there.

use std::str;

use memchr::memchr2;
use serde::de::Visitor;

use super::{
    GaveUp,
    seen::{length_if_seen, remember},
};

/// Objects and lists inside each other, of what is wanted and of what is not.
const DEPTH_MAX: u32 = 64;

/// So many bytes are near.
const NEARBY: usize = 32;

/// The place of the first quote or backslash among eight bytes; 8 if there is none.
#[inline]
pub(super) const fn first_special(eight: u64) -> usize {
    const LOWEST_BITS: u64 = 0x0101_0101_0101_0101;
    const HIGHEST_BITS: u64 = 0x8080_8080_8080_8080;
    // A byte that is zero is the only one from which taking one off borrows, up to the first of them.
    let quotes = eight ^ (LOWEST_BITS * b'"' as u64);
    let backslashes = eight ^ (LOWEST_BITS * b'\\' as u64);
    let zeros = quotes.wrapping_sub(LOWEST_BITS) & !quotes
        | backslashes.wrapping_sub(LOWEST_BITS) & !backslashes;
    ((zeros & HIGHEST_BITS).trailing_zeros() / 8) as usize
}

/// The place of the first quote or backslash, if it is near. Names of fields, words and times are short: that is found without
/// the call that is worth its while for an address.
#[inline]
fn special_nearby(rest: &[u8]) -> Option<usize> {
    let (eights, _) = rest.first_chunk::<NEARBY>()?.as_chunks::<8>();
    for (index, eight) in eights.iter().enumerate() {
        let place = first_special(u64::from_le_bytes(*eight));
        if place < 8 {
            return Some(index * 8 + place);
        }
    }
    None
}

/// A string between its quotes.
pub(super) struct Quoted<'a> {
    pub(super) inside: &'a [u8],
    /// Whether anything in it is written with a backslash.
    pub(super) escapes: bool,
}

impl Quoted<'_> {
    /// What it says, if that is not what stands there.
    pub(super) fn decoded(&self) -> Result<String, GaveUp> {
        let quoted = [b"\"", self.inside, b"\""].concat();
        serde_json::from_slice(&quoted).map_err(|_| GaveUp)
    }
}

/// A place in a text.
pub(super) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: u32,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
        }
    }

    /// The next byte that is no blank. It is not taken.
    pub(super) fn next(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    pub(super) fn expect(&mut self, byte: u8) -> Result<(), GaveUp> {
        if self.next() != Some(byte) {
            return Err(GaveUp);
        }
        self.at += 1;
        Ok(())
    }

    pub(super) fn word(&mut self, word: &[u8]) -> Result<(), GaveUp> {
        if !self.text[self.at..].starts_with(word) {
            return Err(GaveUp);
        }
        self.at += word.len();
        Ok(())
    }

    /// The string that begins here.
    pub(super) fn quoted(&mut self) -> Result<Quoted<'a>, GaveUp> {
        self.expect(b'"')?;
        let first = self.at;
        let escapes = self.skip_to_end_of_string()?;
        let inside = &self.text[first..self.at - 1];
        Ok(Quoted { inside, escapes })
    }

    /// Steps over the string that begins here.
    #[inline]
    pub(super) fn step_over_string(&mut self) -> Result<(), GaveUp> {
        self.expect(b'"')?;
        self.skip_to_end_of_string().map(drop)
    }

    /// From behind the quote that opens a string to behind the one that closes it. Gives whether anything in it is written with
    /// a backslash.
    #[inline]
    fn skip_to_end_of_string(&mut self) -> Result<bool, GaveUp> {
        let mut escapes = false;
        loop {
            let rest = self.text.get(self.at..).ok_or(GaveUp)?;
            let place = special_nearby(rest).or_else(|| memchr2(b'"', b'\\', rest));
            self.at += place.ok_or(GaveUp)?;
            match self.text[self.at] {
                b'"' => {
                    self.at += 1;
                    return Ok(escapes);
                }
                _ => {
                    escapes = true;
                    self.step_over_escape()?;
                }
            }
        }
    }

    fn step_over_escape(&mut self) -> Result<(), GaveUp> {
        let is_hex = |four: &[u8]| four.iter().all(u8::is_ascii_hexdigit);
        self.at += match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') if self.text.get(self.at + 2..self.at + 6).is_some_and(is_hex) => 6,
            _ => return Err(GaveUp),
        };
        Ok(())
    }

    fn digits(&mut self) -> Result<(), GaveUp> {
        let first = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == first {
            return Err(GaveUp);
        }
        Ok(())
    }

    /// Steps over a whole number, and gives its digits.
    fn whole_number(&mut self) -> Result<&'a [u8], GaveUp> {
        let first = self.at;
        self.digits()?;
        let digits = &self.text[first..self.at];
        if digits.len() > 1 && digits[0] == b'0' {
            return Err(GaveUp);
        }
        Ok(digits)
    }

    fn step_over_number(&mut self) -> Result<(), GaveUp> {
        if self.text[self.at] == b'-' {
            self.at += 1;
        }
        self.whole_number()?;
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.text.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// Steps over the value that begins here, and gives its bytes.
    pub(super) fn step_over(&mut self) -> Result<&'a [u8], GaveUp> {
        let begins = self.next();
        let (text, first) = (self.text, self.at);
        match begins {
            Some(b'"') => self.step_over_string()?,
            Some(b'{' | b'[') => match length_if_seen(&text[first..]) {
                Some(length) => self.at += length,
                None => {
                    self.step_over_new()?;
                    remember(&text[first..self.at]);
                }
            },
            _ => self.step_over_new()?,
        }
        Ok(&text[first..self.at])
    }

    fn step_over_new(&mut self) -> Result<(), GaveUp> {
        // Of each list and object that is open and not empty a bit, whether it is an object; the innermost is the lowest.
        let (mut depth, mut objects) = (0, 0_u64);
        loop {
            match self.next().ok_or(GaveUp)? {
                b'"' => self.step_over_string()?,
                opens @ (b'{' | b'[') => {
                    self.at += 1;
                    let is_object = opens == b'{';
                    // Both close with the second character behind their own.
                    if self.next() == Some(opens + 2) {
                        self.at += 1;
                    } else {
                        if depth == DEPTH_MAX {
                            return Err(GaveUp);
                        }
                        depth += 1;
                        objects = objects << 1 | u64::from(is_object);
                        if is_object {
                            self.step_over_string()?;
                            self.expect(b':')?;
                        }
                        continue;
                    }
                }
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                b'-' | b'0'..=b'9' => self.step_over_number()?,
                _ => return Err(GaveUp),
            }
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let is_object = objects & 1 == 1;
                match self.next().ok_or(GaveUp)? {
                    b',' => {
                        self.at += 1;
                        if is_object {
                            self.step_over_string()?;
                            self.expect(b':')?;
                        }
                        break;
                    }
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return Err(GaveUp),
                }
                self.at += 1;
                depth -= 1;
                objects >>= 1;
            }
        }
    }

    pub(super) fn text<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, GaveUp> {
        let quoted = self.quoted()?;
        if quoted.escapes {
            return visitor.visit_string(quoted.decoded()?);
        }
        visitor.visit_borrowed_str(str::from_utf8(quoted.inside).map_err(|_| GaveUp)?)
    }

    /// A whole number that fits.
    pub(super) fn number<V: Visitor<'a>>(&mut self, visitor: V) -> Result<V::Value, GaveUp> {
        let is_negative = self.next() == Some(b'-');
        self.at += usize::from(is_negative);
        let mut number = 0_u64;
        for digit in self.whole_number()? {
            number = number.checked_mul(10).ok_or(GaveUp)?;
            let digit = u64::from(digit - b'0');
            number = number.checked_add(digit).ok_or(GaveUp)?;
        }
        if let Some(b'.' | b'e' | b'E') = self.text.get(self.at) {
            return Err(GaveUp);
        }
        if !is_negative {
            return visitor.visit_u64(number);
        }
        // Zero with a sign is a number with a fraction.
        let number = i64::try_from(number).ok().filter(|number| *number != 0);
        visitor.visit_i64(-number.ok_or(GaveUp)?)
    }

    /// What is inside of the list or object that begins here, as `read` reads it.
    pub(super) fn within<T>(
        &mut self,
        ends: u8,
        read: impl FnOnce(&mut Self) -> Result<T, GaveUp>,
    ) -> Result<T, GaveUp> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(GaveUp);
        }
        self.at += 1;
        let value = read(self)?;
        self.expect(ends)?;
        self.depth -= 1;
        Ok(value)
    }
}
