//! What goes wrong, as a table: which request it befalls, the how manieth of its kind, and what happens to it.

use std::fmt;
use std::sync::Arc;

use super::{Answer, Asked, End};

/// One row of the table. Of several that apply, the first does; one that is about the answer lets the registry answer first.
#[derive(Clone, Debug)]
pub struct Fault {
    /// A method, or `*`.
    pub method: &'static str,
    /// What the URL holds, `*` standing for anything: `/blobs/uploads/*digest=`.
    pub url: String,
    pub when: When,
    pub what: What,
    /// How many requests have matched.
    seen: u64,
}

/// Which of the requests that match, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Always,
    Only(u64),
    First(u64),
    From(u64),
}

type Change = Arc<dyn Fn(&Asked, Answer, u64) -> Answer + Send + Sync>;

#[derive(Clone)]
pub enum What {
    /// The connection is refused.
    Refuse,
    /// The connection breaks once so many bytes of the request's body have come; the registry is given those.
    CutRequest(usize),
    /// The registry does what it is asked, and its answer is lost.
    LoseAnswer,
    /// Nothing is ever answered, and the registry is not asked.
    Silent,
    /// This, and the registry is not asked.
    Instead(Answer),
    /// The registry's answer, changed: by what was asked, and which time it is.
    Change(Change),
}

impl fmt::Debug for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refuse => "Refuse",
            Self::CutRequest(_) => "CutRequest",
            Self::LoseAnswer => "LoseAnswer",
            Self::Silent => "Silent",
            Self::Instead(_) => "Instead",
            Self::Change(_) => "Change",
        })
    }
}

impl What {
    fn change(change: impl Fn(&Asked, Answer, u64) -> Answer + Send + Sync + 'static) -> Self {
        Self::Change(Arc::new(change))
    }

    /// A field in the place of all of its name.
    pub fn header(name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        Self::change(move |_, answer, _| answer.set(name, &value))
    }

    pub fn without(name: &'static str) -> Self {
        Self::change(move |_, answer, _| answer.without(name))
    }

    /// The status alone is another one.
    pub fn status(status: u16) -> Self {
        Self::change(move |_, answer, _| Answer { status, ..answer })
    }

    /// A page in HTML, with this status.
    pub fn html(status: u16) -> Self {
        let page = "<!doctype html><title>Sign in</title><p>Please sign in to the network.";
        Self::Instead(Answer::new(status).with_body("text/html", page.as_bytes()))
    }

    /// 429 or 503, with `Retry-After`.
    pub fn busy(status: u16, retry_after: &str) -> Self {
        Self::Instead(Answer::new(status).with("Retry-After", retry_after))
    }

    /// So many bytes of the body, and then its end is this. The headers stay.
    pub fn body_until(bytes: usize, end: End) -> Self {
        Self::change(move |_, mut answer, _| {
            answer.body.truncate(bytes);
            answer.end = end;
            answer
        })
    }

    /// A body without an end, and without a length.
    pub fn endless() -> Self {
        Self::change(|_, answer, _| Answer {
            end: End::Never,
            ..answer.without("Content-Length")
        })
    }

    /// One bit of the body is another.
    pub fn corrupt() -> Self {
        Self::change(|_, mut answer, _| {
            let middle = answer.body.len() / 2;
            if let Some(byte) = answer.body.get_mut(middle) {
                *byte ^= 1;
            }
            answer
        })
    }

    /// One byte more than there are; `Content-Length` stays.
    pub fn longer() -> Self {
        Self::change(|_, mut answer, _| {
            answer.body.push(b' ');
            answer
        })
    }

    /// Compressed, although the digest covers what is not.
    pub fn gzip() -> Self {
        Self::change(|_, answer, _| {
            let body = gzipped(&answer.body);
            let length = body.len();
            let answer = Answer { body, ..answer };
            answer
                .set("Content-Encoding", "gzip")
                .set("Content-Length", length)
        })
    }

    /// To the same URL again.
    pub fn redirect_to_itself() -> Self {
        Self::change(|asked, _, _| Answer::new(307).with("Location", &asked.url))
    }

    /// To another URL of the same registry each time.
    pub fn redirect_for_ever() -> Self {
        Self::change(|asked, _, time| {
            Answer::new(307).with("Location", format!("{}?hop={time}", asked.path()))
        })
    }

    /// A next page, which is this one.
    pub fn page_of_itself() -> Self {
        Self::change(|asked, answer, _| {
            answer.set("Link", format!("<{}>; rel=\"next\"", asked.target()))
        })
    }

    /// A next page, always.
    pub fn pages_for_ever() -> Self {
        Self::change(|asked, answer, time| {
            let path = asked.path();
            answer.set("Link", format!("<{path}?last=a&page={time}>; rel=\"next\""))
        })
    }

    /// So many bytes of headers.
    pub fn headers_of(bytes: usize) -> Self {
        Self::change(move |_, answer, _| answer.with("X-Padding", "x".repeat(bytes)))
    }
}

impl Fault {
    pub fn new(method: &'static str, url: &str, what: What) -> Self {
        Self {
            method,
            url: url.to_owned(),
            when: When::Always,
            what,
            seen: 0,
        }
    }

    pub fn when(self, when: When) -> Self {
        Self { when, ..self }
    }

    /// What befalls this request and which of those that match it is; counts it.
    pub(super) fn befalls(&mut self, asked: &Asked) -> Option<(What, u64)> {
        let matches =
            (self.method == "*" || self.method == asked.method) && holds(&asked.url, &self.url);
        if !matches {
            return None;
        }
        self.seen += 1;
        let seen = self.seen;
        let is_now = match self.when {
            When::Always => true,
            When::Only(time) => seen == time,
            When::First(times) => seen <= times,
            When::From(time) => seen >= time,
        };
        is_now.then(|| (self.what.clone(), seen))
    }
}

/// Whether a text holds the parts of a pattern between its `*`, in their order.
fn holds(text: &str, pattern: &str) -> bool {
    let mut rest = text;
    pattern.split('*').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// The bytes in the gzip format (RFC 1952), stored and not compressed.
pub fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = bytes.chunks(0xffff).peekable();
    if blocks.peek().is_none() {
        gzip.extend([1, 0, 0, 0xff, 0xff]);
    }
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        gzip.push(u8::from(blocks.peek().is_none()));
        gzip.extend(length.to_le_bytes());
        gzip.extend((!length).to_le_bytes());
        gzip.extend(block);
    }
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    });
    gzip.extend((!crc).to_le_bytes());
    gzip.extend((bytes.len() as u32).to_le_bytes());
    gzip
}
