//! The form of every record that is no manifest: a line for each field, of its name, a space and its value. What bytes a record has
//! besides come behind a NUL.

/// Adds a field.
pub(super) fn add(text: &mut String, name: &str, value: &str) {
    for part in [name, " ", value, "\n"] {
        text.push_str(part);
    }
}

/// Adds a field that is a number.
pub(super) fn add_number(text: &mut String, name: &str, value: u64) {
    add(text, name, &value.to_string());
}

/// The fields of a record, and its bytes behind them.
pub(super) fn parts(record: &[u8]) -> Option<(&str, &[u8])> {
    let mut parts = record.splitn(2, |byte| *byte == 0);
    let text = std::str::from_utf8(parts.next()?).ok()?;
    Some((text, parts.next().unwrap_or_default()))
}

/// The value of a field.
pub(super) fn get<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// The value of a field that is a number.
pub(super) fn number(text: &str, name: &str) -> Option<u64> {
    get(text, name)?.parse().ok()
}
