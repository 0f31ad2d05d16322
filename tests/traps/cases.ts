/** What users see when the core traps, in every runtime that the driver beside this file has. */
import * as pierhead from "pierhead/slim";
import { equal, hasCode, ok, rejects, throws } from "../runtimes/assert.ts";
import type { Case } from "../runtimes/case.ts";

const { Hasher, InternalError, Registry, validate } = pierhead;

/** Thirteen bytes, for which `tests/support/trapping.mjs` lays a trap. */
const TRAP = '{"traps": 42}';

/** A client whose every request fails, which is a trap too. */
const failing = () => new Registry("registry.test", { fetch: async () => Promise.reject(new Error("unplugged")) });

/** A client whose requests are never answered. */
const silent = () => new Registry("registry.test", { fetch: () => new Promise(() => {}) });

function isInternal(error: unknown): void {
  hasCode(error, "INTERNAL");
  ok(error instanceof InternalError, "it is not an InternalError");
  ok(error.cause instanceof WebAssembly.RuntimeError, "the cause is not the trap");
}

function works(): void {
  equal(validate("{}").valid, false, "the verdict after the trap");
}

export const cases: Case[] = [
  {
    name: "a trap in a synchronous call is an InternalError, and the next call works",
    run() {
      for (let times = 0; times < 3; times += 1) {
        isInternal(throws(() => validate(TRAP)));
        works();
      }
    },
  },
  {
    name: "a trap after an await rejects the operation, and the next call works",
    async run() {
      const registry = failing();
      for (let times = 0; times < 3; times += 1) {
        isInternal(await rejects(registry.ping()));
        works();
      }
    },
  },
  {
    name: "a trap rejects every operation in flight, and a client goes on afterwards",
    async run() {
      const registry = silent();
      const inFlight = Array.from({ length: 10 }, (_, index) =>
        rejects(registry.repository("a").manifests.get(`t${index}`)),
      );
      isInternal(await rejects(failing().ping()));
      for (const error of await Promise.all(inFlight)) isInternal(error);
      works();
      const abort = new AbortController();
      const next = rejects(registry.ping({ signal: abort.signal }));
      abort.abort(new Error("enough"));
      equal(((await next) as Error).message, "enough");
    },
  },
  {
    name: "a trap in a synchronous call rejects every operation in flight",
    async run() {
      const registry = silent();
      const inFlight = Array.from({ length: 10 }, () => rejects(registry.ping()));
      await Promise.resolve();
      isInternal(throws(() => validate(TRAP)));
      for (const error of await Promise.all(inFlight)) isInternal(error);
      works();
    },
  },
  {
    name: "what was begun in a lost instance says so, and harms nothing",
    run() {
      const hasher = new Hasher().update(new Uint8Array(1));
      isInternal(throws(() => validate(TRAP)));
      hasCode(
        throws(() => hasher.digest()),
        "INTERNAL",
      );
      hasher[Symbol.dispose]();
      works();
      equal(new Hasher().digest(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    },
  },
  {
    name: "an argument of another type is said to be one, and disturbs no operation in flight",
    async run() {
      const abort = new AbortController();
      const inFlight = rejects(silent().ping({ signal: abort.signal }));
      hasCode(
        throws(() => pierhead.parseReference(undefined as unknown as string)),
        "INVALID_ARGUMENT",
      );
      abort.abort(new Error("enough"));
      equal(((await inFlight) as Error).message, "enough");
    },
  },
];
