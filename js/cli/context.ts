import type { Keychain } from "./credentials/keychain.js";
import type { Output } from "./output.js";

/** What every command is given. */
export interface Context {
  readonly output: Output;
  /** The credentials of whoever runs the command. */
  readonly keychain: Keychain;
  /** Aborts when the person at the terminal gives up. */
  readonly signal: AbortSignal;
  /** How the process will end; commands set it when they are done. */
  exitCode: number;
  /** The command ends by itself when the person gives up, within so many milliseconds. */
  lingers(milliseconds: number): void;
}
