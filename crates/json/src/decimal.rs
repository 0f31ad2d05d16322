/// A number in decimal: what `to_string` gives, without the machinery of formats, which is two kilobytes in WebAssembly.
#[must_use]
pub fn decimal(number: u64) -> String {
    let mut text = match number / 10 {
        0 => String::new(),
        rest => decimal(rest),
    };
    text.push(char::from(b'0' + (number % 10) as u8));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_digits_is_written() {
        for number in (0..=63)
            .flat_map(|bit| [(1 << bit) - 1, 1 << bit])
            .chain([10, u64::MAX])
        {
            assert_eq!(decimal(number), number.to_string());
        }
    }
}
