import { InternalError, OciError, TransferError } from "../errors.js";
import { createHost, type Host } from "./host.js";
import { quietly } from "./quietly.js";
import { fromWire, isWireError } from "./wire.js";

/** Milliseconds between two searches for operations that nothing will end. */
const SWEEP_INTERVAL = 1000;

/** What every build of the core exports for its executor. */
export interface ExecutorGlue {
  initSync(options: { module: WebAssembly.Module }): unknown;
  __wbg_reset_state(): void;
  start(host: Host): void;
  poll(task: number): void;
  settle(slot: number, succeeded: boolean, value: unknown): void;
  cancel(task: number): void;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  signal: AbortSignal | undefined;
  release(): void;
}

/** Something of the host that a task waits for. */
export interface Wait {
  readonly task: number;
  /** Milliseconds after which the host gives it up by itself. */
  readonly limit: number;
  /** Called if the core stops waiting; what it throws is nobody's, as that would go through the core. */
  giveUp(): void;
}

/**
 * One instance of the core, and the promises it owes.
 *
 * Every entry into the core goes through {@link Runtime.call}. When one of them traps, nothing in that instance can be relied
 * on: all pending promises are rejected with an {@link InternalError}, and the next call begins with a new instance.
 */
export class Runtime<G extends ExecutorGlue> {
  readonly #glue: G;
  readonly #tasks = new Map<number, Pending>();
  readonly #slots = new Map<number, Wait & { readonly overdue: number }>();
  #nextSweep = 0;
  readonly #host: Host;
  #source: (() => WebAssembly.Module) | undefined;
  #state: "absent" | "ready" | "poisoned" = "absent";
  #epoch = 0;

  constructor(glue: G) {
    this.#glue = glue;
    this.#host = createHost(this);
  }

  /** Says where the module comes from; it is compiled at the first call. The first to say so wins. */
  provide(source: () => WebAssembly.Module): void {
    this.#source ??= source;
  }

  /** Counts the instances: what was made in another epoch is gone. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Calls the core. Throws the typed form of the error it reports, or an {@link InternalError} if it traps. */
  call<T>(entry: (glue: G) => T): T {
    this.#ready();
    try {
      return entry(this.#glue);
    } catch (thrown) {
      if (isWireError(thrown)) throw fromWire(thrown);
      if (thrown instanceof TypeError) {
        // The glue could not take an argument; the core was not entered.
        throw new OciError("INVALID_ARGUMENT", "an argument is not of its type", { cause: thrown });
      }
      throw this.#poison(thrown);
    }
  }

  /** How many operations have begun and not ended. */
  get pending(): number {
    return this.#tasks.size;
  }

  /**
   * Runs an operation of the core that waits: `begin` gives its task, and gets by itself the objects that it needs, as before it the core may fail at
   * what others left. Rejects with the signal's reason when that aborts.
   */
  async run<T>(begin: (glue: G) => number, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    this.#sweep();
    const task = this.call(begin);
    return await new Promise<T>((resolve, reject) => {
      const abort = () => {
        this.#end(task)?.reject(signal?.reason);
        this.#enter((glue) => glue.cancel(task));
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#tasks.set(task, {
        resolve: resolve as (value: unknown) => void,
        reject,
        signal,
        release: () => signal?.removeEventListener("abort", abort),
      });
      this.#enter((glue) => glue.poll(task));
    });
  }

  /** The signal of a task's caller. */
  signalOf(task: number): AbortSignal | undefined {
    return this.#tasks.get(task)?.signal;
  }

  /** Goes on with a task, once the present call into the core has returned. */
  schedule(task: number): void {
    const epoch = this.#epoch;
    queueMicrotask(() => {
      if (epoch === this.#epoch) this.#enter((glue) => glue.poll(task));
    });
  }

  /** Ends a task's promise. */
  end(task: number, outcome: { value: unknown } | { error: unknown }): void {
    const pending = this.#end(task);
    if ("value" in outcome) pending?.resolve(outcome.value);
    else pending?.reject(isWireError(outcome.error) ? fromWire(outcome.error) : outcome.error);
  }

  /** Begins something the core waits for under `slot`. */
  begin(slot: number, wait: Wait, work: () => Promise<unknown>): void {
    const epoch = this.#epoch;
    const settle = (succeeded: boolean, value: unknown) => {
      // An answer for an instance that is gone, or for nobody.
      if (epoch !== this.#epoch || !this.#slots.delete(slot)) return;
      this.#enter((glue) => glue.settle(slot, succeeded, value));
    };
    this.#slots.set(slot, { ...wait, overdue: Date.now() + 2 * wait.limit });
    work().then(
      (value) => settle(true, value),
      (error: unknown) => settle(false, error),
    );
  }

  /** The core no longer waits for `slot`. */
  abandon(slot: number): void {
    const wait = this.#slots.get(slot);
    this.#slots.delete(slot);
    quietly(() => wait?.giveUp());
  }

  /**
   * Ends operations whose host vanished: when a client leaves, workerd drops its request with all timers and callbacks, so
   * nothing else would ever end them.
   */
  #sweep(): void {
    const now = Date.now();
    if (now < this.#nextSweep) return;
    this.#nextSweep = now + SWEEP_INTERVAL;
    for (const { task, limit, overdue } of [...this.#slots.values()]) {
      if (now < overdue) continue;
      this.#end(task)?.reject(new TransferError("TIMEOUT", `nothing came within ${limit} ms`));
      this.#enter((glue) => glue.cancel(task));
    }
  }

  #end(task: number): Pending | undefined {
    const pending = this.#tasks.get(task);
    this.#tasks.delete(task);
    pending?.release();
    return pending;
  }

  /** Calls the core where nobody is there to catch: a trap has already reached every promise it concerns. */
  #enter(entry: (glue: G) => void): void {
    if (this.#state !== "ready") return;
    try {
      entry(this.#glue);
    } catch (thrown) {
      this.#poison(thrown);
    }
  }

  #ready(): void {
    if (this.#state === "ready") return;
    if (this.#state === "poisoned") {
      this.#glue.__wbg_reset_state();
    } else {
      if (this.#source === undefined)
        throw new InternalError("the WebAssembly module was not provided: call init(module) first");
      this.#glue.initSync({ module: this.#source() });
    }
    this.#state = "ready";
    this.#glue.start(this.#host);
  }

  #poison(thrown: unknown): InternalError {
    this.#state = "poisoned";
    this.#epoch += 1;
    const error = new InternalError("the core failed; operations in flight were given up", { cause: thrown });
    const [tasks, slots] = [[...this.#tasks.keys()], [...this.#slots.keys()]];
    for (const task of tasks) this.#end(task)?.reject(error);
    for (const slot of slots) this.abandon(slot);
    return error;
  }
}

/** An object of the core that can be made again in a new instance. */
export class Revivable<G extends ExecutorGlue, T> {
  readonly #runtime: Runtime<G>;
  readonly #create: (glue: G) => T;
  #made: { epoch: number; object: T } | undefined;

  /** Makes the object at once, so that what is wrong with its arguments is said at once. */
  constructor(runtime: Runtime<G>, create: (glue: G) => T) {
    this.#runtime = runtime;
    this.#create = create;
    this.get();
  }

  get(): T {
    if (this.#made === undefined || this.#made.epoch !== this.#runtime.epoch) {
      const object = this.#runtime.call(this.#create);
      this.#made = { epoch: this.#runtime.epoch, object };
    }
    return this.#made.object;
  }
}

/** An object of the core whose state is lost with its instance. */
export class HandleOwner<G extends ExecutorGlue, T extends { free(): void }> {
  readonly #runtime: Runtime<G>;
  readonly #epoch: number;
  readonly #object: T;
  #freed = false;

  constructor(runtime: Runtime<G>, create: (glue: G) => T) {
    this.#runtime = runtime;
    this.#object = runtime.call(create);
    this.#epoch = runtime.epoch;
  }

  /** Uses the object. Throws an {@link InternalError} if it is gone. */
  use<R>(call: (object: T) => R): R {
    if (this.#freed) throw new InternalError("the object was disposed of");
    if (this.#epoch !== this.#runtime.epoch) throw new InternalError("the object was lost when the core failed");
    return this.#runtime.call(() => call(this.#object));
  }

  /** Gives its memory back. May be called again. */
  free(): void {
    if (!this.#freed && this.#epoch === this.#runtime.epoch) this.#runtime.call(() => this.#object.free());
    this.#freed = true;
  }
}
