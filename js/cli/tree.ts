/** What stands before the lines of one thing in a tree. */
export interface Branches {
  /** Before its first line. */
  readonly before: string;
  /** Before all that follow. */
  readonly below: string;
}

/**
 * The branches that lead to a thing in a tree.
 *
 * @param lasts for each level above it, and for its own, whether it is the last of its siblings; empty for the root
 * @param followed whether things below it follow
 */
export function branches(lasts: readonly boolean[], followed: boolean): Branches {
  const margins = lasts.map((last) => (last ? "    " : "│   "));
  const own = lasts.slice(-1).map((last) => (last ? "└── " : "├── "));
  return {
    before: [...margins.slice(0, -1), ...own].join(""),
    below: [...margins, followed ? "│   " : ""].join(""),
  };
}
