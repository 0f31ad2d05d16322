/** Header fields by their names in lower case. Node's `Headers` comes with all of `fetch`, which takes twelve milliseconds to load. */
export class Fields extends Map<string, string> {
  /** Adds a value to those of a field (RFC 9110, section 5.3). */
  append(name: string, value: string): void {
    const key = name.toLowerCase();
    const before = this.get(key);
    this.set(key, before === undefined ? value : `${before}, ${value}`);
  }
}
