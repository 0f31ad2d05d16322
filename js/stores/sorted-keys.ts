/** How many keys a piece of the list has at most. */
const PIECE = 1024;

/**
 * A set of keys in the order of their UTF-8 bytes, in pieces: whatever is asked of it costs two binary searches, and at most one piece is
 * moved, however many keys there are.
 */
export class SortedKeys {
  /** Never empty but for the only one. */
  readonly #pieces: string[][] = [[]];

  /** Adds a key that is not there yet. */
  add(key: string): void {
    const sortable = toSortable(key);
    const [piece, at] = this.#find(sortable);
    const keys = this.#pieces[piece] as string[];
    if (keys[at] === sortable) return;
    keys.splice(at, 0, sortable);
    if (keys.length > PIECE) this.#pieces.splice(piece + 1, 0, keys.splice(PIECE / 2));
  }

  delete(key: string): void {
    const sortable = toSortable(key);
    const [piece, at] = this.#find(sortable);
    const keys = this.#pieces[piece] as string[];
    if (keys[at] !== sortable) return;
    keys.splice(at, 1);
    if (keys.length === 0 && this.#pieces.length > 1) this.#pieces.splice(piece, 1);
  }

  /** The first keys, `count` at most, that begin with `prefix` and come behind `after`. */
  page(prefix: string, after: string | undefined, count: number): string[] {
    const [begin, behind] = [toSortable(prefix), toSortable(after ?? "")];
    let [piece, at] = this.#find(begin > behind ? begin : behind);
    const page: string[] = [];
    for (; piece < this.#pieces.length; [piece, at] = [piece + 1, 0]) {
      for (const sortable of (this.#pieces[piece] as string[]).slice(at, at + count - page.length + 1)) {
        if (page.length === count || !sortable.startsWith(begin)) return page;
        if (after === undefined || sortable !== behind) page.push(fromSortable(sortable));
      }
    }
    return page;
  }

  /** Where a key is, or would be. */
  #find(sortable: string): [piece: number, at: number] {
    const pieces = this.#pieces;
    const piece = Math.max(0, bisect(pieces.length, (each) => (pieces[each]?.[0] as string) <= sortable) - 1);
    const keys = pieces[piece] as string[];
    return [piece, bisect(keys.length, (each) => (keys[each] as string) < sortable)];
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
 * What sorts as the UTF-8 of a key does, which is by code points. JavaScript sorts by units of UTF-16, in which surrogates come before U+E000 to
 * U+FFFF: those two blocks trade places.
 */
export function toSortable(key: string): string {
  return HIGH.test(key) ? moved(key, (unit) => (unit < 0xe000 ? unit + 0x2000 : unit - 0x800)) : key;
}

function fromSortable(sortable: string): string {
  return HIGH.test(sortable) ? moved(sortable, (unit) => (unit < 0xf800 ? unit + 0x800 : unit - 0x2000)) : sortable;
}

const HIGH = /[\ud800-\uffff]/;

function moved(text: string, move: (unit: number) => number): string {
  return text.replace(/[\ud800-\uffff]/g, (unit) => String.fromCharCode(move(unit.charCodeAt(0))));
}
