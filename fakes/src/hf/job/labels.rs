//! The character rules of HF: labels, and names of environment variables and secrets.

/// Longest label key and value.
const LABEL_CHARACTERS_MAX: usize = 100;

fn is_label_text(text: &str) -> bool {
    text.len() <= LABEL_CHARACTERS_MAX
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// `^[a-zA-Z0-9._-]+$`, at most 100 characters.
pub(in crate::hf) fn is_label_key(text: &str) -> bool {
    !text.is_empty() && is_label_text(text)
}

/// `^[a-zA-Z0-9._-]*$`, at most 100 characters.
pub(in crate::hf) fn is_label_value(text: &str) -> bool {
    is_label_text(text)
}

/// `^[a-zA-Z][_a-zA-Z0-9]*$`.
pub(in crate::hf) fn is_secret_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `^[a-zA-Z][_a-zA-Z0-9]+$`: unlike a secret's name, two characters at least.
pub(in crate::hf) fn is_environment_name(text: &str) -> bool {
    text.len() >= 2 && is_secret_name(text)
}

/// 24 hexadecimal digits.
pub(in crate::hf) fn is_resource_group_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Lower-case letters, digits and dashes.
pub(in crate::hf) fn is_network_name(text: &str, characters_max: usize) -> bool {
    (1..=characters_max).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
