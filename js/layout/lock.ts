import { LayoutError } from "../errors.js";
import { type Host, hasCode, isMissing, randomName } from "../files/host.js";

/** Milliseconds between two signs of life of whoever holds a lock. */
const HEARTBEAT = 1_000;
/** Milliseconds without a sign of life after which a lock is broken. */
const STALE = 5_000;
/** Milliseconds that a lock is waited for. */
const PATIENCE = 60_000;

/** A lock that is held. */
export interface Lock {
  /** Rejects if somebody took it for abandoned: what was read under it may be old. */
  check(): Promise<void>;
}

/** The lock was broken while it was held. */
class LockLost extends Error {}

/**
 * Acts while this process alone holds the lock file. Should others take it for abandoned, since this process was stopped for too
 * long, its `check` fails, and the whole is done again; so `act` changes nothing before it has checked.
 *
 * @throws LayoutError `LAYOUT_LOCKED` if others hold it for a minute
 */
export async function withLock<T>(
  host: Host,
  path: string,
  signal: AbortSignal | undefined,
  act: (lock: Lock) => Promise<T>,
): Promise<T> {
  for (;;) {
    const own = await acquire(host, path, signal);
    const heart = setInterval(() => {
      const now = new Date();
      host.fs.utimes(path, now, now).catch(() => {});
    }, HEARTBEAT);
    const check = async () => {
      if ((await seen(host, path))?.owner !== own) throw new LockLost();
    };
    try {
      return await act({ check });
    } catch (error) {
      if (!(error instanceof LockLost)) throw error;
    } finally {
      clearInterval(heart);
      // One that is not ours any longer is left to whoever has it.
      await check().then(
        () => host.fs.rm(path, { force: true }),
        () => {},
      );
    }
  }
}

/** Creates the lock file; returns what stands in it. */
async function acquire(host: Host, path: string, signal: AbortSignal | undefined): Promise<string> {
  const own = randomName();
  const begun = performance.now();
  let last = { state: "", since: begun };
  for (;;) {
    signal?.throwIfAborted();
    try {
      await host.fs.writeFile(path, own, { flag: "wx" });
      return own;
    } catch (error) {
      // Windows says EPERM of a file that is being removed.
      if (!hasCode(error, "EEXIST", "EPERM")) throw error;
    }
    const now = performance.now();
    if (now - begun > PATIENCE) {
      throw new LayoutError("LAYOUT_LOCKED", `${path}: others have held the lock for ${PATIENCE / 1000} seconds`);
    }
    // By this process's clock alone: that of a network's disk may differ.
    const found = await seen(host, path);
    const state = found === undefined ? "" : `${found.owner} ${found.touched}`;
    if (state !== last.state) last = { state, since: now };
    else if (found !== undefined && now - last.since > STALE) await breakLock(host, path, found.owner);
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20));
  }
}

/** Removes a lock, but only that of this owner: another may have broken it meanwhile, and taken it. */
async function breakLock({ fs }: Host, path: string, owner: string): Promise<void> {
  const aside = `${path}.${randomName()}`;
  try {
    await fs.rename(path, aside);
    // Given back; should somebody have it by now, its owner finds out when it checks.
    if ((await fs.readFile(aside, "utf8")) !== owner) await fs.link(aside, path);
  } catch (error) {
    if (!isMissing(error) && !hasCode(error, "EEXIST")) throw error;
  } finally {
    await fs.rm(aside, { force: true });
  }
}

async function seen({ fs }: Host, path: string): Promise<{ owner: string; touched: number } | undefined> {
  try {
    const [{ mtimeMs }, owner] = await Promise.all([fs.lstat(path), fs.readFile(path, "utf8")]);
    return { owner: owner.slice(0, 64), touched: mtimeMs };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
