/** The editor's looks: the page's own colours, so that both colour schemes come from one place, `style.css`. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--code-key)" },
  { tag: tags.string, color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: [tags.separator, tags.squareBracket, tags.brace], color: "var(--code-mark)" },
]);

const mark = (colour: string) => ({
  backgroundImage: "none",
  textDecoration: `underline wavy ${colour}`,
  textDecorationSkipInk: "none",
  textUnderlineOffset: "3px",
  backgroundColor: `color-mix(in srgb, ${colour} 13%, transparent)`,
  borderRadius: "2px",
});

const gutterMark = (colour: string) => ({
  content: "''",
  width: "9px",
  height: "9px",
  margin: "5px auto 0",
  borderRadius: "50%",
  backgroundColor: colour,
});

const looks = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--surface)", fontSize: "12px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "20px" },
  ".cm-content": { padding: "10px 0", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0 14px 0 6px" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--faint)", border: "none", paddingLeft: "4px" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "30px", padding: "0 8px 0 2px" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--line)" },
  ".cm-placeholder": { color: "var(--faint)", whiteSpace: "pre-wrap" },
  ".cm-content ::selection, .cm-line::selection": { backgroundColor: "var(--selection)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "transparent", outline: "1px solid var(--accent)" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "transparent", outline: "1px solid var(--bad)" },
  ".cm-specialChar": { color: "var(--bad)" },
  ".cm-lintRange-error": mark("var(--bad)"),
  ".cm-lintRange-warning": mark("var(--warn)"),
  ".cm-lintRange-active": { backgroundColor: "var(--selection)" },
  ".cm-lintPoint:after": { borderBottomColor: "var(--bad)" },
  ".cm-gutter-lint": { width: "16px" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "0" },
  ".cm-lint-marker": { padding: "0" },
  ".cm-lint-marker-error": gutterMark("var(--bad)"),
  ".cm-lint-marker-warning": gutterMark("var(--warn)"),
  ".cm-tooltip": {
    color: "var(--text)",
    backgroundColor: "var(--raised)",
    border: "1px solid var(--edge)",
    borderRadius: "8px",
    boxShadow: "var(--shadow)",
    overflow: "hidden",
    maxWidth: "480px",
  },
  ".cm-diagnostic": { padding: "8px 12px", fontFamily: "var(--sans)", borderLeftWidth: "3px", whiteSpace: "normal" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-diagnosticSource": { fontFamily: "var(--mono)", fontSize: "12px", opacity: "0.75" },
  ".cm-panels": { color: "var(--text)", backgroundColor: "var(--sunken)", borderColor: "var(--edge) !important" },
  ".cm-textfield, .cm-button": {
    color: "var(--text)",
    backgroundColor: "var(--surface)",
    backgroundImage: "none",
    border: "1px solid var(--edge)",
    borderRadius: "5px",
  },
  ".cm-panel.cm-search": { padding: "8px 28px 6px 12px" },
  ".cm-panel.cm-search :is(input, button, label)": { fontFamily: "var(--sans)", fontSize: "12px" },
  ".cm-panel.cm-search [name=close]": { top: "6px", right: "8px", color: "var(--text)", fontSize: "16px" },
  ".cm-searchMatch": { backgroundColor: "color-mix(in srgb, var(--warn) 28%, transparent)" },
});

export const theme: Extension = [syntaxHighlighting(colours), looks];
