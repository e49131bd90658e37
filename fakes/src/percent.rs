//! Percent-encoding, as paths, queries and forms have it.

/// Takes `%2F` and its like for what they stand for, and a percent sign with no digits behind it for itself.
pub(crate) fn decoded(text: &str) -> String {
    if !text.bytes().any(|byte| byte == b'%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = match tail {
            [high, low, ..] if *first == b'%' => code(*high, *low),
            _ => None,
        };
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The same in a query or a form, where a plus stands for a space.
pub(crate) fn decoded_of_form(text: &str) -> String {
    if !text.bytes().any(|byte| byte == b'+') {
        return decoded(text);
    }
    decoded(&text.replace('+', " "))
}

fn code(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_taken_for_what_they_stand_for_and_all_else_for_itself() {
        assert_eq!(decoded("a%2Fb%c3%BC+c"), "a/bü+c");
        assert_eq!(decoded("100%, %+5, %2"), "100%, %+5, %2");
        assert_eq!(decoded_of_form("a+b%2Bc"), "a b+c");
    }
}
