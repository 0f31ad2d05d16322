/** How many keys a piece of the list has at most. */
const PIECE = 1024;

/**
 * A set of keys in the order of their UTF-8 bytes, in pieces: whatever is asked of it costs two binary searches, and at most one piece is
 * moved, however many keys there are.
 */
export class SortedKeys {
  /** Never empty but for the only one. */
  readonly #pieces: string[][] = [[]];

  /** Adds a key, if it is not there yet. */
  add(key: string): void {
    const [piece, at] = this.#find(key);
    const keys = this.#pieces[piece] as string[];
    if (keys[at] === key) return;
    keys.splice(at, 0, key);
    if (keys.length > PIECE) this.#pieces.splice(piece + 1, 0, keys.splice(PIECE / 2));
  }

  delete(key: string): void {
    const [piece, at] = this.#find(key);
    const keys = this.#pieces[piece] as string[];
    if (keys[at] !== key) return;
    keys.splice(at, 1);
    if (keys.length === 0 && this.#pieces.length > 1) this.#pieces.splice(piece, 1);
  }

  /** The first keys, `count` at most, that begin with `prefix` and come behind `after`. */
  page(prefix: string, after: string | undefined, count: number): string[] {
    let [piece, at] = this.#find(after !== undefined && precedes(prefix, after) ? after : prefix);
    const page: string[] = [];
    for (; piece < this.#pieces.length; [piece, at] = [piece + 1, 0]) {
      for (const key of (this.#pieces[piece] as string[]).slice(at)) {
        if (page.length === count || !key.startsWith(prefix)) return page;
        if (key !== after) page.push(key);
      }
    }
    return page;
  }

  /** Where a key is, or would be. */
  #find(key: string): [piece: number, at: number] {
    const pieces = this.#pieces;
    const piece = Math.max(0, bisect(pieces.length, (each) => !precedes(key, pieces[each]?.[0] ?? "")) - 1);
    const keys = pieces[piece] as string[];
    return [piece, bisect(keys.length, (each) => precedes(keys[each] as string, key))];
  }
}

/** The first of `count` numbers of which it does not hold; it holds of those before it, and of none behind it. */
function bisect(count: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Whether a key comes before another in the order of their UTF-8, which is that of code points. JavaScript compares units of UTF-16, in which
 * surrogates come before U+E000 to U+FFFF: those two blocks trade places.
 */
export function precedes(key: string, other: string): boolean {
  return sortable(key) < sortable(other);
}

const HIGH = /[\ud800-\uffff]/g;

function sortable(key: string): string {
  return key.replace(HIGH, (unit) => {
    const code = unit.charCodeAt(0);
    return String.fromCharCode(code < 0xe000 ? code + 0x2000 : code - 0x800);
  });
}
