//! Runs futures for JavaScript's promises.
//!
//! An executor of our own, because of traps: a trap inside `wasm-bindgen-futures` leaves its promise pending for ever. Here
//! every entry into the core is a plain call from TypeScript (`poll`, `settle`, `cancel`), so that a trap is an exception
//! there, which rejects all pending promises and begins a new instance.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use wasm_bindgen::prelude::*;

use super::window::Window;
use super::{error, host};

type Task = Pin<Box<dyn Future<Output = crate::Result<JsValue>>>>;

/// What a slot holds: who waits for it, then what it was settled with.
enum Slot {
    Waiting(Waker),
    Settled(Result<JsValue, JsValue>),
}

thread_local! {
    /// Tasks that have not ended; `None` while one is being polled.
    static TASKS: RefCell<Window<Option<Task>>> = const { RefCell::new(Window::new()) };
    static SLOTS: RefCell<Window<Slot>> = const { RefCell::new(Window::new()) };
    static CURRENT: Cell<u32> = const { Cell::new(0) };
}

/// Takes a future in as a task; the caller polls it.
pub(super) fn spawn(future: impl Future<Output = crate::Result<JsValue>> + 'static) -> u32 {
    TASKS.with(|tasks| tasks.borrow_mut().add(Some(Box::pin(future))))
}

/// The task that is being polled; 0 outside of one.
pub(super) fn current() -> u32 {
    CURRENT.with(Cell::get)
}

/// Goes on with a task until it must wait, or ends its promise. Nothing happens if the task has ended.
#[wasm_bindgen]
pub fn poll(task: u32) {
    // Taken out, so that the task may start others.
    let taken = TASKS.with(|tasks| tasks.borrow_mut().get_mut(task).and_then(Option::take));
    let Some(mut future) = taken else {
        return;
    };
    let waker = Waker::from(Arc::new(Reschedule(task)));
    let before = CURRENT.with(|current| current.replace(task));
    let progress = future.as_mut().poll(&mut Context::from_waker(&waker));
    CURRENT.with(|current| current.set(before));
    match progress {
        Poll::Pending => {
            // What was given up meanwhile is dropped, but only once nothing is borrowed: that calls the host.
            let given_up = TASKS.with(|tasks| match tasks.borrow_mut().get_mut(task) {
                Some(entry) => entry.replace(future),
                None => Some(future),
            });
            drop(given_up);
        }
        Poll::Ready(result) => {
            TASKS.with(|tasks| tasks.borrow_mut().remove(task));
            host::with(|host| match result {
                Ok(value) => host.resolve(task, value),
                Err(error) => host.reject(task, error::to_js(error)),
            });
        }
    }
}

/// Gives a task up; what it waits for is abandoned.
#[wasm_bindgen]
pub fn cancel(task: u32) {
    let future = TASKS.with(|tasks| tasks.borrow_mut().remove(task));
    drop(future);
}

/// Brings what the host did for a slot: its value, or the error.
#[wasm_bindgen]
pub fn settle(slot: u32, succeeded: bool, value: JsValue) {
    let result = if succeeded { Ok(value) } else { Err(value) };
    let waiting = SLOTS.with(|slots| {
        let mut slots = slots.borrow_mut();
        slots
            .get_mut(slot)
            .map(|entry| std::mem::replace(entry, Slot::Settled(result)))
    });
    if let Some(Slot::Waiting(waker)) = waiting {
        waker.wake();
    }
}

struct Reschedule(u32);

impl Wake for Reschedule {
    fn wake(self: Arc<Self>) {
        host::with(|host| host.schedule(self.0));
    }
}

/// Something the host does, as a future. To drop it is to abandon it.
pub(super) struct HostFuture {
    slot: u32,
    done: bool,
}

impl HostFuture {
    /// Has the host begin something that will settle the slot it is given.
    pub(super) fn begin(start: impl FnOnce(&host::Host, u32)) -> Self {
        let waiting = Slot::Waiting(Waker::noop().clone());
        let slot = SLOTS.with(|slots| slots.borrow_mut().add(waiting));
        host::with(|host| start(host, slot));
        Self { slot, done: false }
    }
}

impl Future for HostFuture {
    type Output = Result<JsValue, JsValue>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let slot = self.slot;
        let settled = SLOTS.with(|slots| {
            let mut slots = slots.borrow_mut();
            match slots.get_mut(slot) {
                Some(Slot::Waiting(waker)) => {
                    waker.clone_from(context.waker());
                    None
                }
                _ => slots.remove(slot),
            }
        });
        match settled {
            Some(Slot::Settled(result)) => {
                self.done = true;
                Poll::Ready(result)
            }
            _ => Poll::Pending,
        }
    }
}

impl Drop for HostFuture {
    fn drop(&mut self) {
        if !self.done {
            SLOTS.with(|slots| slots.borrow_mut().remove(self.slot));
            host::with(|host| host.abandon(self.slot));
        }
    }
}
