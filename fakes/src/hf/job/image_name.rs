//! Whether an image's name is one that a registry can have.
//!
//! The rules are those of the reference grammar that container engines share
//! (<https://github.com/distribution/reference>): `[domain/]path[:tag][@digest]`.

/// Longest name without tag and digest.
const NAME_MAX: usize = 255;
const TAG_MAX: usize = 128;
const DIGEST_MIN: usize = 32;

/// What a name is refused with where the image would be pulled, if it is none.
///
/// The words, and that a job is accepted and ends with them, are those of a report:
/// <https://github.com/huggingface/huggingface_hub/issues/4927>.
pub(in crate::hf) fn refusal(name: &str) -> Option<String> {
    if is_reference(name) {
        return None;
    }
    let (domain, path) = split_domain(name);
    let domain = domain.unwrap_or("docker.io");
    Some(format!("Invalid image name: {domain}/{path}"))
}

fn is_reference(text: &str) -> bool {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    let (domain, rest) = split_domain(rest);
    let (path, tag) = match rest.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (rest, None),
    };
    let length = domain.map_or(0, |domain| domain.len() + 1) + path.len();
    // A bare image id is no name.
    let is_id = text.len() == 64 && text.bytes().all(is_lower_hex);
    length <= NAME_MAX
        && !is_id
        && domain.is_none_or(is_domain)
        && path.split('/').all(is_path_component)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest)
}

/// The registry in front, if the first part looks like one: it has a dot, a port or a capital letter, or is
/// `localhost`.
fn split_domain(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((first, rest))
            if first == "localhost"
                || first.contains(['.', ':'])
                || first.chars().any(|c| c.is_ascii_uppercase()) =>
        {
            (Some(first), rest)
        }
        Some(_) | None => (None, name),
    }
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        Some(_) | None => (domain, None),
    };
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_domain_component),
    };
    is_host && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit()))
}

fn is_domain_component(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('-')
        && !part.ends_with('-')
        && part.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
}

/// Lower-case letters and digits, in pieces that a dot, one or two underscores, or hyphens join.
fn is_path_component(part: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators = part.split(is_word).filter(|between| !between.is_empty());
    let are_separators = separators
        .clone()
        .all(|between| matches!(between, "." | "_" | "__") || between.bytes().all(|c| c == b'-'));
    part.starts_with(is_word) && part.ends_with(is_word) && are_separators
}

fn is_tag(tag: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= TAG_MAX
        && tag.starts_with(is_word)
        && tag.chars().all(|c| is_word(c) || matches!(c, '.' | '-'))
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return false;
    };
    let is_piece = |piece: &str| {
        piece.starts_with(|c: char| c.is_ascii_alphabetic())
            && piece.bytes().all(|c| c.is_ascii_alphanumeric())
    };
    let has_length = match algorithm {
        "sha256" => hex.len() == 64 && hex.bytes().all(is_lower_hex),
        "sha384" => hex.len() == 96 && hex.bytes().all(is_lower_hex),
        "sha512" => hex.len() == 128 && hex.bytes().all(is_lower_hex),
        _ => hex.len() >= DIGEST_MIN,
    };
    algorithm.split(['-', '_', '+', '.']).all(is_piece)
        && has_length
        && hex.bytes().all(|c| c.is_ascii_hexdigit())
}

fn is_lower_hex(c: u8) -> bool {
    c.is_ascii_digit() || (b'a'..=b'f').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn a_name_that_a_registry_can_have_is_none_to_refuse() {
        let hex = "0123456789abcdef".repeat(4);
        let names = [
            "ubuntu".to_owned(),
            "ubuntu:22.04".to_owned(),
            "u".to_owned(),
            "python:3.12-slim_x".to_owned(),
            "a/b/c__d--e.f".to_owned(),
            "ghcr.io/actions/actions-runner:latest".to_owned(),
            "GHCR.IO/a/b".to_owned(),
            "localhost/a".to_owned(),
            "localhost:5000/a:b".to_owned(),
            "[::1]:5000/a".to_owned(),
            "hf.co/spaces/octo/app".to_owned(),
            format!("ubuntu@sha256:{hex}"),
            format!("x.io:1/a:t@sha256:{hex}"),
            format!("a:{}", "t".repeat(128)),
            "a".repeat(255),
        ];
        for name in names {
            assert_eq!(refusal(&name), None, "{name}");
        }
    }

    #[test]
    fn any_other_is_refused_with_the_registry_it_would_be_asked_of() {
        let hex = "0123456789abcdef".repeat(4);
        let cases = [
            ("-q".to_owned(), "docker.io/-q".to_owned()),
            (" ".to_owned(), "docker.io/ ".to_owned()),
            ("a b".to_owned(), "docker.io/a b".to_owned()),
            (" ubuntu".to_owned(), "docker.io/ ubuntu".to_owned()),
            ("ubuntu:".to_owned(), "docker.io/ubuntu:".to_owned()),
            ("Ubuntu".to_owned(), "docker.io/Ubuntu".to_owned()),
            ("octo/App".to_owned(), "docker.io/octo/App".to_owned()),
            ("ghcr.io/Octo/app".to_owned(), "ghcr.io/Octo/app".to_owned()),
            ("a//b".to_owned(), "docker.io/a//b".to_owned()),
            ("a/".to_owned(), "docker.io/a/".to_owned()),
            ("/a".to_owned(), "docker.io//a".to_owned()),
            ("a___b".to_owned(), "docker.io/a___b".to_owned()),
            ("a..b".to_owned(), "docker.io/a..b".to_owned()),
            ("a-".to_owned(), "docker.io/a-".to_owned()),
            ("a:-t".to_owned(), "docker.io/a:-t".to_owned()),
            ("a:t:u".to_owned(), "docker.io/a:t:u".to_owned()),
            ("-x.io/a".to_owned(), "-x.io/a".to_owned()),
            ("x.io:/a".to_owned(), "x.io:/a".to_owned()),
            ("https://x.io/a".to_owned(), "https://x.io/a".to_owned()),
            (
                "ubuntu@sha256:12".to_owned(),
                "docker.io/ubuntu@sha256:12".to_owned(),
            ),
            ("ubuntu@".to_owned(), "docker.io/ubuntu@".to_owned()),
            ("bücher".to_owned(), "docker.io/bücher".to_owned()),
            (hex.clone(), format!("docker.io/{hex}")),
            ("a".repeat(256), format!("docker.io/{}", "a".repeat(256))),
            (
                format!("a:{}", "t".repeat(129)),
                format!("docker.io/a:{}", "t".repeat(129)),
            ),
        ];
        for (name, shown) in cases {
            let wanted = format!("Invalid image name: {shown}");
            assert_eq!(refusal(&name), Some(wanted), "{name}");
        }
    }
}
