//! What header fields are made of: lists, tokens and quoted strings (RFC 9110, section 5.6).

use crate::http::Headers;

/// Whether a list of tokens, which may stand in several fields, has this one.
pub(super) fn lists(headers: &Headers, name: &str, token: &str) -> bool {
    for field in headers.all(name) {
        if field.split(',').any(|listed| listed.trim() == token) {
            return true;
        }
    }
    false
}

/// The parts of a list between commas that stand outside quotes, trimmed; empty ones are left out.
pub(super) fn split_unquoted(list: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (index, byte) in list.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                push_part(&mut parts, list.get(start..index));
                start = index + 1;
            }
            _ => {}
        }
    }
    push_part(&mut parts, list.get(start..));
    parts
}

fn push_part<'a>(parts: &mut Vec<&'a str>, part: Option<&'a str>) {
    let part = part.unwrap_or_default().trim();
    if !part.is_empty() {
        parts.push(part);
    }
}

/// Adds an element to a list.
pub(super) fn push_word(list: &mut String, separator: char, word: &str) {
    if !list.is_empty() {
        list.push(separator);
    }
    list.push_str(word);
}

/// What a quoted string stands for (RFC 9110, section 5.6.4); `None` if `value` is anything else.
pub(super) fn quoted(value: &str) -> Option<String> {
    let mut characters = value.strip_prefix('"')?.chars();
    let mut text = String::with_capacity(value.len());
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(text),
            '\\' => text.push(characters.next()?),
            character => text.push(character),
        }
    }
}

/// A token or quoted string as what it stands for.
pub(super) fn unquoted(value: &str) -> String {
    quoted(value).unwrap_or_else(|| value.to_owned())
}
