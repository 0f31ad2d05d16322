import { defaultKeymap, history, historyKeymap, isolateHistory } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { bracketMatching } from "@codemirror/language";
import {
  type Diagnostic,
  forEachDiagnostic,
  lintGutter,
  lintKeymap,
  previousDiagnostic,
  setDiagnostics,
} from "@codemirror/lint";
import { search, searchKeymap } from "@codemirror/search";
import { Annotation, EditorState } from "@codemirror/state";
import {
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import type { Issue } from "pierhead";
import { type Place, placeOf, spansAt } from "./place.js";
import { theme } from "./theme.js";

export interface EditorEvents {
  /** The user changed the text. */
  edited(): void;
  moved(place: Place): void;
}

/** Tells a text that the page put there from what the user types. */
const loaded = Annotation.define<true>();

const HINT = `Paste or type an OCI document here, or drop a file.

It is checked as you type.`;

/** The document's text, with the findings marked in it. */
export class DocumentEditor {
  readonly #view: EditorView;
  #marks: readonly Diagnostic[] = [];

  /** In a shadow tree, where the editor can adopt its styles: in the page's own it would need `style-src 'unsafe-inline'`. */
  constructor(host: HTMLElement, events: EditorEvents) {
    const root = host.attachShadow({ mode: "open" });
    const listener = EditorView.updateListener.of(({ docChanged, selectionSet, state, transactions }) => {
      if (docChanged || selectionSet) events.moved(placeOf(state.doc, state.selection.main.head));
      if (docChanged && !transactions.some((transaction) => transaction.annotation(loaded))) events.edited();
    });
    const state = EditorState.create({ extensions: [extensions, listener] });
    this.#view = new EditorView({ state, root, parent: root });
  }

  /** The exact text: what it encodes to in UTF-8 has the document's digest. */
  get text(): string {
    return this.#view.state.sliceDoc();
  }

  /** In UTF-16 code units. */
  get length(): number {
    return this.#view.state.doc.length;
  }

  /** Another text, which can be undone. */
  load(text: string): void {
    const changes = { from: 0, to: this.length, insert: text };
    // A step of its own, else undoing it would also undo what was typed just before.
    const annotations = [loaded.of(true), isolateHistory.of("full")];
    this.#view.dispatch({ changes, selection: { anchor: 0 }, scrollIntoView: true, annotations });
    this.mark([]);
  }

  /** Marks findings on the text as it is now. */
  mark(issues: readonly Issue[]): void {
    const { state } = this.#view;
    const spans = spansAt(state.doc, issues);
    this.#marks = issues.map(({ severity, message, rule }, index) => {
      const { from, to } = spans[index] ?? { from: 0, to: 0 };
      return { from, to, severity, message, source: rule };
    });
    this.#view.dispatch(setDiagnostics(state, this.#marks));
  }

  /** Selects the place of the nth finding, wherever edits have moved it since, and brings it into view. */
  reveal(nth: number): void {
    const wanted = this.#marks[nth];
    forEachDiagnostic(this.#view.state, (mark, from, to) => {
      if (mark !== wanted) return;
      const effects = EditorView.scrollIntoView(from, { y: "center" });
      this.#view.dispatch({ selection: { anchor: from, head: to }, effects });
    });
    this.#view.focus();
  }
}

const extensions = [
  // Only this ends a line, as for the core. A carriage return stays in the text, and in the digest, and is shown.
  EditorState.lineSeparator.of("\n"),
  highlightSpecialChars({ addSpecialChars: /\r/g }),
  lintGutter(),
  lineNumbers(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  history(),
  json(),
  bracketMatching(),
  search({ top: true }),
  // Many documents are one line.
  EditorView.lineWrapping,
  EditorView.contentAttributes.of({ "aria-label": "Document", spellcheck: "false", autocapitalize: "off" }),
  placeholder(HINT),
  keymap.of([
    { key: "Shift-F8", run: previousDiagnostic },
    ...lintKeymap,
    ...searchKeymap,
    ...historyKeymap,
    ...defaultKeymap,
  ]),
  theme,
];
