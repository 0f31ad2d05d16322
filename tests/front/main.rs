//! The registry front over a store in memory.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test says what is wrong by panicking"
)]

mod ask;
mod blobs;
mod body;
mod bounds;
mod collect;
mod collect_costs;
mod collect_damage;
mod collect_races;
mod collect_visits;
mod collecting;
mod conditions;
mod content;
mod costs;
mod expiry;
mod faults;
mod hostile;
mod lists;
mod manifests;
mod model;
mod origins;
mod pushing;
mod races;
mod racing;
mod read_only;
mod referrers;
mod refusals;
mod routes;
mod schedule;
mod store;
mod tag_races;
mod upload_cleanup;
mod upload_costs;
mod upload_faults;
mod upload_limits;
mod upload_pages;
mod upload_races;
mod upload_racing;
mod uploads;
mod version;
