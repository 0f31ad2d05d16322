//! How a collection is done, as JavaScript says it.

use std::sync::atomic::Ordering;

use wasm_bindgen::prelude::*;

use crate::front::{CollectOptions, RetentionPolicy};

/// The options of a collection. Who holds them may end it.
#[wasm_bindgen]
pub struct RawCollect(pub(super) CollectOptions);

#[wasm_bindgen]
impl RawCollect {
    /// Times are in milliseconds.
    #[wasm_bindgen(constructor)]
    pub fn new(
        budget: f64,
        pages: u32,
        interval: f64,
        wait: f64,
        set_bytes: u32,
        dry: bool,
    ) -> RawCollect {
        Self(CollectOptions {
            budget: budget as u64,
            pages,
            interval: interval as u64,
            wait: wait as u64,
            set_bytes: set_bytes as usize,
            dry,
            ..CollectOptions::default()
        })
    }

    /// Adds a policy behind those that are there.
    pub fn keep(
        &mut self,
        repositories: &str,
        untagged: bool,
        tags: Option<u32>,
        days: Option<u32>,
    ) {
        let mut policy = RetentionPolicy::new(repositories);
        policy.untagged = untagged;
        policy.keep_tags = tags;
        policy.keep_days = days;
        self.0.policies.push(policy);
    }

    /// Ends the visit at its next page.
    pub fn stop(&self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}
