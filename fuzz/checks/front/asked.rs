//! A request: most of it as it should be, with a body that may lie about itself.

use pierhead::front::Incoming;
use pierhead::http::Headers;

use super::input::Input;
use super::model::{Change, Key};
use crate::body::MemoryBody;

/// What is looked at.
#[derive(Clone, Debug)]
pub(crate) enum Seen {
    Nothing,
    Blob(Key),
    Manifest(Key),
    Tag(Key),
    Upload(String),
    Tags(&'static str),
    Referrers(Key),
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Whole,
    Cut,
}

#[derive(Clone, Debug)]
struct Body {
    bytes: Vec<u8>,
    piece: usize,
    end: End,
}

/// A request, and what it is about.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) fields: Vec<(&'static str, String)>,
    body: Option<Body>,
    pub(crate) seen: Seen,
    pub(crate) change: Change,
    /// Whether it is as the specification has it, so that nothing but what is there decides how it is answered.
    pub(crate) is_right: bool,
    /// Whether it is made on a condition, or of a part.
    pub(crate) is_conditional: bool,
    /// Of a manifest that is put, the digests that must be there,
    pub(crate) required: Vec<String>,
    /// its subject,
    pub(crate) subject: Option<String>,
    /// and whether it is an index.
    pub(crate) is_index: bool,
}

impl Asked {
    pub(crate) fn new(method: &'static str, target: String, seen: Seen, change: Change) -> Self {
        Self {
            method,
            target,
            fields: Vec::new(),
            body: None,
            seen,
            change,
            is_right: true,
            is_conditional: false,
            required: Vec::new(),
            subject: None,
            is_index: false,
        }
    }

    /// The request as the registry gets it.
    pub(crate) fn request(&self) -> Incoming<MemoryBody> {
        let mut headers = Headers::new();
        for (name, value) in &self.fields {
            // What cannot be sent is not.
            let _ = headers.append(name, value.as_str());
        }
        let incoming = Incoming::new(self.method, self.target.as_str(), headers);
        match &self.body {
            None => incoming,
            Some(body) if body.end == End::Cut => incoming.with_body(MemoryBody::cut(&body.bytes)),
            Some(body) => incoming.with_body(MemoryBody::of(&body.bytes, body.piece)),
        }
    }

    /// Gives it a body, whose length may be a lie, and which may break off. Gives where it is said to begin, if that is said.
    pub(crate) fn send(
        &mut self,
        input: &mut Input<'_>,
        bytes: &[u8],
        offset: usize,
    ) -> Option<usize> {
        let mut start = None;
        let mut length = bytes.len();
        let mut body = Body {
            bytes: bytes.to_vec(),
            piece: [1 << 20, 1, 7][input.below(3)],
            end: End::Whole,
        };
        let mut is_known = true;
        match input.below(12) {
            0..=5 => {}
            6 | 7 => is_known = false,
            8 => length += 1,
            9 if length > 1 => length -= 1,
            9 => {}
            10 => body.end = End::Cut,
            _ => {
                body.end = End::Cut;
                is_known = false;
            }
        }
        if is_known && length == 0 {
            // A body of no bytes is none, and cannot break off.
            body.end = End::Whole;
        }
        self.is_right &= body.end == End::Whole && (!is_known || length == bytes.len());
        if is_known {
            self.fields.push(("content-length", length.to_string()));
        }
        match input.below(8) {
            0 | 1 if !bytes.is_empty() => start = Some(offset),
            2 if !bytes.is_empty() => start = Some(input.below(50)),
            3 => {
                // What cannot be sent is not, and a range would be one.
                let mut text = input.text().replace(|it: char| !it.is_ascii_graphic(), "x");
                if text.bytes().all(|byte| b"-0123456789 ".contains(&byte)) {
                    text.push('x');
                }
                self.fields.push(("content-range", text));
                self.is_right = false;
            }
            _ => {}
        }
        if let Some(start) = start {
            let end = (start + length).saturating_sub(1);
            self.fields
                .push(("content-range", format!("{start}-{end}")));
        }
        self.body = Some(body);
        start
    }

    pub(crate) fn on_condition(&mut self, input: &mut Input<'_>, digest: &str) {
        if !input.once_in(6) {
            return;
        }
        let name = input.pick(&["if-none-match", "if-match", "range", "if-range"]);
        let value = match input.below(8) {
            0 => "*".to_owned(),
            1 => format!("\"{digest}\""),
            2 => "\"x\", W/\"y\"".to_owned(),
            3 => "bytes=1-3".to_owned(),
            4 => "bytes=-2".to_owned(),
            5 => "bytes=40-".to_owned(),
            6 => "bytes=0-18446744073709551615".to_owned(),
            _ => input.text(),
        };
        self.fields.push((name, value));
        self.is_conditional = true;
    }
}
