//! How many there are of something, in words.

/// `1 step`, `2 steps`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    match (count, what) {
        (1, what) => format!("1 {what}"),
        (count, "address") => format!("{count} addresses"),
        (count, what) => format!("{count} {what}s"),
    }
}
