/** What the page shows of a document, it shows through these: as text, never as HTML. */

/** An element of the page, by its id. */
export function byId<E extends HTMLElement>(id: string, type: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return found;
}

/** A new element with a class and its text or children. */
export function element<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[T] {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

/** Shows a text in an element, or hides it if there is none. A text that stays is not announced again. */
export function show(target: HTMLElement, text: string | undefined): void {
  target.hidden = text === undefined;
  if (text !== undefined && target.textContent !== text) target.textContent = text;
}

const numbers = new Intl.NumberFormat("en");

/** A count with its noun, such as `1,204 bytes`. */
export function counted(count: number, noun: string): string {
  return `${numbers.format(count)} ${noun}${count === 1 ? "" : "s"}`;
}
