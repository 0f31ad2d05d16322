import type { IncomingMessage } from "node:http";
import { TransferError } from "../../errors.js";
import { IncomingBody } from "../../front/bodies.js";

/** The body of a request to Node's server, without a web stream between. */
export class NodeBody extends IncomingBody {
  readonly #request: IncomingMessage;
  readonly #begin: (() => void) | undefined;
  #begun = false;
  #wake: (() => void) | undefined;

  /** `begin` is called before the first byte is asked for. */
  constructor(request: IncomingMessage, idleTimeout: number, begin?: () => void) {
    super(null, { idleTimeout }, undefined);
    this.#request = request;
    this.#begin = begin;
  }

  protected override async next(): Promise<Uint8Array | undefined> {
    const request = this.#request;
    if (!this.#begun) this.#start();
    for (;;) {
      const chunk: Uint8Array | null = request.read();
      if (chunk !== null) return chunk;
      if (request.readableEnded) return undefined;
      if (request.destroyed) throw new TransferError("CONNECTION_LOST", "the connection broke in the middle of a body");
      await this.#readable();
    }
  }

  /** Nothing more is read; what becomes of the connection is for whoever answers to say. */
  override cancel(): void {
    this.#wake?.();
  }

  #start(): void {
    this.#begun = true;
    this.#begin?.();
    const wake = () => this.#wake?.();
    for (const event of ["readable", "end", "close", "error"] as const) this.#request.on(event, wake);
  }

  async #readable(): Promise<void> {
    const { idleTimeout } = this;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.#wake = resolve;
      timer = setTimeout(() => reject(new TransferError("TIMEOUT", `no byte came for ${idleTimeout} ms`)), idleTimeout);
    }).finally(() => {
      clearTimeout(timer);
      this.#wake = undefined;
    });
  }
}
