//! IP addresses as they stand in hosts: what `std::net` reads and writes, in half of its WebAssembly.

use crate::json::decimal;

/// The octets of an IPv4 address: four decimal numbers to 255, without leading zeros (RFC 3986, section 3.2.2).
pub(crate) fn v4(text: &str) -> Option<[u8; 4]> {
    let (mut octets, mut parts) = ([0; 4], text.split('.'));
    for octet in &mut octets {
        let part = parts.next()?;
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || part.len() > 1 && part.starts_with('0') {
            return None;
        }
        *octet = part.parse().ok()?;
    }
    parts.next().is_none().then_some(octets)
}

/// The groups of an IPv6 address without a zone (RFC 4291, section 2.2).
pub(crate) fn v6(text: &str) -> Option<[u16; 8]> {
    let (mut groups, mut count, mut gap) = ([0; 8], 0, None);
    let mut push = |group| {
        *groups.get_mut(count)? = group;
        count += 1;
        Some(count)
    };
    let mut rest = text;
    if let Some(after) = text.strip_prefix("::") {
        (rest, gap) = (after, Some(0));
    }
    while !rest.is_empty() {
        let Some((group, after)) = rest.split_once(':') else {
            match v4(rest) {
                Some([a, b, c, d]) => {
                    push(u16::from_be_bytes([a, b]))?;
                    push(u16::from_be_bytes([c, d]))?;
                }
                None => {
                    push(hexadecimal(rest)?)?;
                }
            }
            break;
        };
        let pushed = push(hexadecimal(group)?)?;
        rest = after;
        if let Some(after) = after.strip_prefix(':') {
            if gap.replace(pushed).is_some() {
                return None;
            }
            rest = after;
        } else if after.is_empty() {
            return None;
        }
    }
    let Some(gap) = gap else {
        return (count == 8).then_some(groups);
    };
    if count == 8 {
        return None;
    }
    // What stands behind the gap moves to the end.
    for place in (gap..count).rev() {
        let group = std::mem::take(groups.get_mut(place)?);
        *groups.get_mut(place + 8 - count)? = group;
    }
    Some(groups)
}

fn hexadecimal(text: &str) -> Option<u16> {
    let mut number = 0;
    for character in text.chars() {
        number = number << 4 | character.to_digit(16)?;
    }
    // Of five digits the number may be small all the same.
    let fits = !text.is_empty() && text.len() <= 4;
    fits.then_some(number as u16)
}

/// The IPv4 address that an IPv6 one stands for: `::ffff:a.b.c.d`, or the deprecated `::a.b.c.d` (RFC 4291, section 2.5.5).
pub(crate) fn v4_of(groups: [u16; 8]) -> Option<[u8; 4]> {
    let [0, 0, 0, 0, 0, 0 | 0xffff, high, low] = groups else {
        return None;
    };
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Some([a, b, c, d])
}

/// An IPv6 address in its one canonical spelling (RFC 5952).
pub(crate) fn canonical(groups: [u16; 8]) -> String {
    let (mut gap, mut length, mut run) = (8, 1, 0);
    for (place, group) in groups.iter().enumerate() {
        run = if *group == 0 { run + 1 } else { 0 };
        // Longer than any before it, and than one group.
        if run > length {
            (gap, length) = (place + 1 - run, run);
        }
    }
    let mut text = String::new();
    let mapped = match (v4_of(groups), groups) {
        (Some(octets), [.., 0xffff, _, _]) => Some(octets),
        _ => None,
    };
    for (place, group) in groups.iter().enumerate() {
        if place >= gap && place < gap + length {
            if place == gap {
                text.push_str("::");
            }
            continue;
        }
        if !text.is_empty() && !text.ends_with(':') {
            text.push(':');
        }
        if let (6, Some([a, b, c, d])) = (place, mapped) {
            text.push_str(&[a, b, c, d].map(|part| decimal(part.into())).join("."));
            break;
        }
        let mut leading = true;
        for shift in [12, 8, 4, 0] {
            let digit = u32::from(group >> shift) & 0xf;
            leading &= digit == 0 && shift > 0;
            if !leading {
                text.extend(char::from_digit(digit, 16));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_address_is_read_as_std_reads_it(text in "[0-9a-fA-F:.]{0,24}|[0-9]{1,3}(\\.[0-9]{1,3}){3}|([0-9a-f]{0,5}:){1,8}[0-9a-f.]{0,8}|[01]?(::?[01]){0,8}(::)?(1\\.2\\.3\\.4)?|\\PC{0,5}") {
            prop_assert_eq!(v4(&text), text.parse().ok().map(|read: Ipv4Addr| read.octets()));
            prop_assert_eq!(v6(&text), text.parse().ok().map(|read: Ipv6Addr| read.segments()));
        }

        #[test]
        fn an_address_is_written_as_std_writes_it(groups in proptest::array::uniform8(prop_oneof![Just(0), Just(0), Just(0xffff), any::<u16>()])) {
            let address = Ipv6Addr::from(groups);
            prop_assert_eq!(canonical(groups), address.to_string());
            prop_assert_eq!(v6(&address.to_string()), Some(groups));
            prop_assert_eq!(v4_of(groups), address.to_ipv4().map(|v4| v4.octets()));
        }
    }

    #[test]
    fn addresses_that_stand_for_ipv4_ones_are_written_so() {
        for groups in [
            [0, 0, 0, 0, 0, 0xffff, 0x7f00, 1],
            [0, 0, 0, 0, 0, 0xffff, 0, 0],
            [0, 0, 0, 0, 0, 0, 0x7f00, 1],
            [0, 0, 0, 0, 0, 0, 0, 1],
            [0; 8],
        ] {
            assert_eq!(canonical(groups), Ipv6Addr::from(groups).to_string());
            assert_eq!(
                v4_of(groups),
                Ipv6Addr::from(groups).to_ipv4().map(|v4| v4.octets())
            );
        }
    }
}
