//! The `Link` field (RFC 8288, section 3), as far as pages go on by it.

use super::{Headers, split_before};

/// The target of the first link whose relation is `next`: a URI reference, relative to where the response came from.
///
/// There may be several links in one field and several fields, parameters in any order, quoted or not, and several relations in one
/// `rel`, of which only the first counts (section 3.3). A target without `<>`, as one registry sends it, ends at its parameters.
pub(crate) fn next_link(headers: &Headers) -> Option<&str> {
    headers.all("link").find_map(next_of)
}

fn next_of(field: &str) -> Option<&str> {
    let mut rest = field;
    while !rest.is_empty() {
        rest = rest.trim_start();
        let target;
        (target, rest) = match rest.strip_prefix('<') {
            Some(inner) => inner.split_once('>')?,
            None => split_before(rest, &[';']),
        };
        let mut relations = None;
        while let Some(parameter) = rest.trim_start().strip_prefix(';') {
            let (name, value) = split_before(parameter, &['=', ';', ',']);
            let content;
            (content, rest) = match value.strip_prefix('=') {
                Some(value) => parameter_value(value.trim_start()),
                None => ("", value),
            };
            if name.trim().eq_ignore_ascii_case("rel") {
                relations = relations.or(Some(content));
            }
        }
        let mut relations = relations.unwrap_or_default().split_ascii_whitespace();
        if relations.any(|relation| relation.eq_ignore_ascii_case("next")) {
            return Some(target.trim());
        }
        rest = rest.split_once(',')?.1;
    }
    None
}

/// A value, and what stands after it. Escapes in a quoted one are left as they are: no relation has any.
fn parameter_value(text: &str) -> (&str, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        return split_before(text, &[';', ',']);
    };
    let mut escaped = false;
    let end = quoted.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    let (content, rest) = quoted
        .split_at_checked(end.unwrap_or(quoted.len()))
        .unwrap_or_default();
    (content, rest.strip_prefix('"').unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(fields: &[&str]) -> Option<String> {
        let mut headers = Headers::new();
        for field in fields {
            headers.append("Link", *field).unwrap();
        }
        next_link(&headers).map(str::to_owned)
    }

    #[test]
    fn the_next_link_is_found_however_it_is_written() {
        for fields in [
            &[r#"</p?n=2&last=b>; rel="next""#][..],
            &["</p?n=2&last=b>;rel=next"],
            &["</p?n=2&last=b> ; Rel = NEXT"],
            &[r#"</p?n=2&last=b>; title="a, b; rel=prev"; rel="next""#],
            &[r#"</p?n=2&last=b>; title="\"; rel=\"prev"; rel="prev next""#],
            &[r#"</first>; rel="first", </p?n=2&last=b>; rel="next""#],
            &["</first>; rel=first", "</p?n=2&last=b>; rel=next"],
            &["<>; rel=self,</p?n=2&last=b>; type=x; rel=next, </z>; rel=last"],
            &["</x>, </p?n=2&last=b>; rel=next; rel=prev"],
            &["/p?n=2&last=b; rel=next"],
            &[r#"/p?n=2&last=b ; rel="next""#],
            &["  </p?n=2&last=b>; crossorigin; rel=next"],
        ] {
            assert_eq!(next(fields).as_deref(), Some("/p?n=2&last=b"), "{fields:?}");
        }
    }

    #[test]
    fn a_target_may_hold_what_parts_links_and_parameters() {
        assert_eq!(
            next(&["<https://r.example/p;x?last=a,b>; rel=next"]).as_deref(),
            Some("https://r.example/p;x?last=a,b")
        );
    }

    #[test]
    fn what_is_no_next_link_is_none() {
        for field in [
            "",
            ",,",
            "<",
            "</p",
            "</p>",
            "</p>; rel",
            "</p>; rel=",
            "</p>; rel=prev; rel=next",
            r#"</p>; rel="prev"#,
            r#"</p>; title="rel=next""#,
            "</p>; rel=nextest",
            "</p>; notrel=next",
            "/p",
            "rel=next",
        ] {
            assert_eq!(next(&[field]), None, "{field}");
        }
    }
}
