import type { Issue } from "pierhead";
import { counted, element } from "./dom.js";

/** How many findings are listed before one asks for the rest. */
const FIRST = 100;

/** The list of findings: one stop for Tab, and arrow keys within. */
export class FindingList {
  readonly #list: HTMLOListElement;
  readonly #more: HTMLButtonElement;
  readonly #reveal: (nth: number) => void;
  #issues: readonly Issue[] = [];

  /** `reveal` is told which finding the user chose. */
  constructor(list: HTMLOListElement, more: HTMLButtonElement, reveal: (nth: number) => void) {
    this.#list = list;
    this.#more = more;
    this.#reveal = reveal;
    list.addEventListener("keydown", (event) => this.#move(event));
    more.addEventListener("click", () => {
      const next = list.childElementCount;
      this.#append(this.#issues.length);
      this.#focus(next);
    });
  }

  show(issues: readonly Issue[]): void {
    this.#issues = issues;
    this.#list.replaceChildren();
    this.#append(FIRST);
  }

  #append(end: number): void {
    const shown = this.#list.childElementCount;
    this.#list.append(...this.#issues.slice(shown, end).map((issue, at) => this.#item(issue, shown + at)));
    const left = this.#issues.length - this.#list.childElementCount;
    this.#more.hidden = left === 0;
    this.#more.textContent = `Show ${counted(left, "more finding")}`;
  }

  #item(issue: Issue, nth: number): HTMLLIElement {
    const { severity, line, column, message, rule, pointer } = issue;
    const place = element("span", "place", `${line}:${column}`);
    const grade = element("span", "grade", severity);
    const button = element("button", "finding", grade, place, element("span", "message", message));
    button.type = "button";
    button.tabIndex = nth === 0 ? 0 : -1;
    button.addEventListener("click", () => {
      this.#choose(button);
      this.#reveal(nth);
    });
    const details = element("p", "details", element("code", "rule", rule));
    if (pointer !== "") details.append(element("code", "pointer", pointer));
    const item = element("li", `issue ${severity}`, button, details);
    const link = linkTo(issue);
    if (link !== undefined) details.append(link);
    return item;
  }

  #choose(button: HTMLElement): void {
    for (const other of this.#buttons()) {
      other.tabIndex = other === button ? 0 : -1;
      if (other === button) other.setAttribute("aria-current", "true");
      else other.removeAttribute("aria-current");
    }
  }

  #move(event: KeyboardEvent): void {
    const buttons = this.#buttons();
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    this.#focus(to);
  }

  #focus(nth: number): void {
    const buttons = this.#buttons();
    const button = buttons[nth];
    if (button === undefined) return;
    for (const other of buttons) other.tabIndex = other === button ? 0 : -1;
    button.focus();
  }

  #buttons(): HTMLButtonElement[] {
    return [...this.#list.querySelectorAll<HTMLButtonElement>("button.finding")];
  }
}

/** The section that the rule comes from. */
function linkTo({ spec, rule }: Issue): HTMLAnchorElement | undefined {
  if (!spec.startsWith("https://")) return undefined;
  const link = element("a", "spec", "spec ↗", element("span", "unseen", `of ${rule}, in another tab`));
  link.href = spec;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}
