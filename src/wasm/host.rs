//! What JavaScript does for the core: `js/core/host.ts` implements it.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The host's side of one instance. None of its methods throws: an exception that unwinds through the core would leave
    /// it in the middle of something.
    #[derive(Clone)]
    pub(super) type Host;

    /// Has `poll(task)` called soon, but not from within this call.
    #[wasm_bindgen(method)]
    pub(super) fn schedule(this: &Host, task: u32);
    /// Ends a task's promise with a value.
    #[wasm_bindgen(method)]
    pub(super) fn resolve(this: &Host, task: u32, value: JsValue);
    /// Ends a task's promise with an error.
    #[wasm_bindgen(method)]
    pub(super) fn reject(this: &Host, task: u32, error: JsValue);
    /// Gives up what was begun under `slot`: nobody waits for it any more.
    #[wasm_bindgen(method)]
    pub(super) fn abandon(this: &Host, slot: u32);
    /// Milliseconds since an arbitrary moment.
    #[wasm_bindgen(method)]
    pub(super) fn now(this: &Host) -> f64;

    /// Begins a request for `task`, and settles `slot` with an [`Exchange`]. `headers` are lines of `name:value`. `payload` is `undefined`, a `Uint8Array`, or a
    /// [`HostBody`] of `size` bytes.
    #[wasm_bindgen(method)]
    pub(super) fn fetch(
        this: &Host,
        slot: u32,
        task: u32,
        settings: &JsValue,
        method: &str,
        url: &str,
        headers: &str,
        payload: &JsValue,
        size: f64,
    );
    /// Sends a request that carries nothing, whose answer nobody waits for.
    #[wasm_bindgen(method, js_name = fetchUnheeded)]
    pub(super) fn fetch_unheeded(
        this: &Host,
        settings: &JsValue,
        method: &str,
        url: &str,
        headers: &str,
    );
    /// Begins to wait for so many milliseconds, and settles `slot` then.
    #[wasm_bindgen(method)]
    pub(super) fn sleep(this: &Host, slot: u32, task: u32, milliseconds: f64);
    /// A number from 0 to 2^32-1.
    #[wasm_bindgen(method)]
    pub(super) fn random(this: &Host) -> u32;
    /// Begins to ask the client's owner for a credential, and settles `slot` with `[kind, first, second]` or `undefined`. A kind
    /// that is none of ours stands for something that is no credential.
    #[wasm_bindgen(method)]
    pub(super) fn credential(this: &Host, slot: u32, task: u32, settings: &JsValue, registry: &str);
    /// Hands on what a registry wants its users to know.
    #[wasm_bindgen(method)]
    pub(super) fn warned(this: &Host, settings: &JsValue, registry: &str, text: &str);
    /// Begins to read the next piece of a body for `task`, and settles `slot` with a `Uint8Array`, or `undefined` at the end.
    #[wasm_bindgen(method)]
    pub(super) fn read(this: &Host, slot: u32, task: u32, body: &HostBody);
    /// Begins to read the next `size` bytes of a body for `task`, and settles `slot` with a `Uint8Array` of no more.
    #[wasm_bindgen(method)]
    pub(super) fn take(this: &Host, slot: u32, task: u32, body: &HostBody, size: f64);
    /// Begins to open a content at an offset for `task`, and settles `slot` with a `HostBody`, or `undefined`.
    #[wasm_bindgen(method)]
    pub(super) fn open(this: &Host, slot: u32, task: u32, content: &HostContent, offset: f64);
    /// A body that fails before its end unless it is what is expected. `size`, `start` and `end` are -1 where there is none.
    #[wasm_bindgen(method)]
    pub(super) fn verified(
        this: &Host,
        body: &HostBody,
        digest: &str,
        size: f64,
        start: f64,
        end: f64,
        encoded: bool,
    ) -> HostBody;
    /// Gives a body's rest up.
    #[wasm_bindgen(method)]
    pub(super) fn cancel(this: &Host, body: &HostBody);

    /// A response with its body.
    pub(super) type Exchange;
    #[wasm_bindgen(method, getter)]
    pub(super) fn status(this: &Exchange) -> u16;
    #[wasm_bindgen(method, getter)]
    pub(super) fn headers(this: &Exchange) -> JsValue;
    #[wasm_bindgen(method, getter)]
    pub(super) fn body(this: &Exchange) -> HostBody;
    /// Where it came from, if the host followed redirects and did not let them be seen.
    #[wasm_bindgen(method, getter)]
    pub(super) fn url(this: &Exchange) -> JsValue;

    /// What is to be pushed.
    #[derive(Clone, Debug)]
    pub(super) type HostContent;
    /// In bytes; `undefined` where it is not known.
    #[wasm_bindgen(method, getter)]
    pub(super) fn size(this: &HostContent) -> JsValue;
    /// `undefined` until it is known.
    #[wasm_bindgen(method, getter)]
    pub(super) fn digest(this: &HostContent) -> JsValue;
    /// Whether it can be opened again, at any offset.
    #[wasm_bindgen(method, getter)]
    pub(super) fn reopens(this: &HostContent) -> bool;
    /// Tells it how many of its bytes have arrived.
    #[wasm_bindgen(method)]
    pub(super) fn sent(this: &HostContent, bytes: f64);

    /// A body that stays with the host: its bytes pass through the core only where the core reads it.
    #[derive(Clone, Debug)]
    pub(super) type HostBody;
}

thread_local! {
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

/// Gives the core its host. Called once for each instance, before anything else.
#[wasm_bindgen]
pub fn start(host: Host) {
    HOST.with(|slot| *slot.borrow_mut() = Some(host));
}

/// Calls the host; `None` before [`start`].
pub(super) fn with<R>(call: impl FnOnce(&Host) -> R) -> Option<R> {
    let host = HOST.with(|slot| slot.borrow().clone());
    host.as_ref().map(call)
}
