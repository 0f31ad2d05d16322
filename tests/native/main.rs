//! The native host against servers that do what the test says, byte by byte, on loopback.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test says what is wrong by panicking"
)]

mod bodies;
mod content;
mod layout;
mod reading;
mod requests;
mod server;
mod uploads;

use std::time::Duration;

use pierhead::Kind;
use pierhead::client::{Chunks, Payload, Transport};
use pierhead::http::{Method, Request, Response};
use pierhead::native::{Native, NativeBody};

/// The time limits of hosts whose limits are to pass.
const SHORT: Duration = Duration::from_millis(200);

fn request(method: Method, url: &str) -> Request {
    Request::new(method, url.parse().unwrap())
}

/// Sends a request that carries nothing, with generous time limits.
async fn get(url: &str) -> pierhead::Result<Response<NativeBody>> {
    let native = Native::new().unwrap();
    native.send(request(Method::Get, url), Payload::None).await
}

async fn read_all(body: &mut impl Chunks) -> pierhead::Result<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(chunk) = body.chunk().await? {
        assert!(!chunk.is_empty(), "a piece is empty");
        all.extend(chunk);
    }
    Ok(all)
}

fn kind_of<T>(result: pierhead::Result<T>) -> Kind {
    match result {
        Ok(_) => panic!("it succeeds"),
        Err(error) => error.kind(),
    }
}

/// Bytes that differ from place to place.
fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at % 251) as u8).collect()
}
