//! Futures whose code stays apart from that of who awaits them.
//!
//! What is awaited by its own type is compiled into one function with its caller. Of all that a request can lead to that was one of 56 KB, which V8
//! took for hot after some hundred requests: to optimise it took half a second, and 16 MiB of the 128 that a Worker has.

use std::pin::Pin;

use super::super::error::Failure;

/// A future whose code is a function of its own.
#[cfg(not(target_arch = "wasm32"))]
pub(in crate::front) type Apart<'a, T> =
    Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;
/// A future whose code is a function of its own.
#[cfg(target_arch = "wasm32")]
pub(in crate::front) type Apart<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + 'a>>;
