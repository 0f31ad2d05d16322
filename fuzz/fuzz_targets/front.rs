#![no_main]

#[path = "../checks/front/mod.rs"]
mod checks;

#[path = "../../tests/front/body.rs"]
mod body;
#[path = "../../tests/front/schedule.rs"]
#[expect(dead_code, reason = "the tests of the front use more of it")]
mod schedule;
#[path = "../../tests/front/store.rs"]
#[expect(dead_code, reason = "the tests of the front use more of it")]
mod store;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::check(bytes));
