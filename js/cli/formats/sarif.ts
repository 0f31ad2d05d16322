import { resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { digest, type Issue, type Rule } from "../../entry/index.js";
import { Excerpts } from "../excerpt.js";
import { jsonLine, type Output } from "../output.js";
import { pathWithin } from "../paths.js";
import type { Checked } from "../verdict.js";
import type { Format } from "./format.js";

/** The only schema by which GitHub's code scanning knows the version. */
const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";
const HOME = "https://www.npmjs.com/package/pierhead";
/** The name by which code scanning knows the root of a repository. */
const ROOT = "%SRCROOT%";

/** What there is to say of the tool. */
export interface Tool {
  readonly version: string;
  readonly rules: readonly Rule[];
}

interface ArtifactLocation {
  readonly uri: string;
  readonly uriBaseId?: string;
}

/**
 * SARIF 2.1.0, with all that GitHub's code scanning asks for: one run, whose results come as the documents do; at the end, the
 * documents themselves, and what could not be read.
 */
export class SarifFormat implements Format {
  readonly #output: Output;
  readonly #rules: ReadonlyMap<string, number>;
  /** By URI. No two may be the same. */
  readonly #artifacts = new Map<string, { index: number; artifact: object }>();
  readonly #notifications: object[] = [];
  #results = 0;

  constructor(output: Output, { version, rules }: Tool) {
    this.#output = output;
    this.#rules = new Map(rules.map(({ id }, index) => [id, index]));
    const driver = { name: "pierhead", semanticVersion: version, informationUri: HOME, rules: rules.map(descriptorOf) };
    const head = {
      tool: { driver },
      columnKind: "unicodeCodePoints",
      // Where that is, is not for others to know.
      originalUriBaseIds: { [ROOT]: { description: { text: "The folder in which pierhead ran." } } },
    };
    output.line(`{"$schema":"${SCHEMA}","version":"2.1.0","runs":[${jsonLine(head).slice(0, -1)},"results":[`);
  }

  checked({ verdict, bytes }: Checked): void {
    const { file, issues } = verdict;
    const location = locationOf(file);
    const index = this.#indexOf(location, { verdict, bytes });
    const excerpts = new Excerpts(bytes ?? new Uint8Array());
    const seen = new Map<string, number>();
    for (const issue of issues) {
      const identity = `${issue.rule} ${issue.pointer}`;
      const count = (seen.get(identity) ?? 0) + 1;
      seen.set(identity, count);
      this.#result({
        ruleId: issue.rule,
        ruleIndex: this.#rules.get(issue.rule) ?? -1,
        level: issue.severity,
        message: { text: messageOf(issue) },
        locations: [
          {
            physicalLocation: { artifactLocation: { ...location, index }, region: regionOf(issue, excerpts) },
            ...(issue.pointer !== "" && { logicalLocations: [{ fullyQualifiedName: issue.pointer }] }),
          },
        ],
        // The place in the document, which stays when lines move. GitHub's own action adds a fingerprint of the line.
        partialFingerprints: { "pierhead/v1": `${digest(identity).slice("sha256:".length, 23)}:${count}` },
      });
    }
  }

  unread(name: string, problem: string): void {
    this.#notifications.push({
      level: "error",
      message: { text: literal(problem) },
      locations: [{ physicalLocation: { artifactLocation: locationOf(name) } }],
    });
  }

  end(): void {
    const invocation = {
      executionSuccessful: this.#notifications.length === 0,
      toolExecutionNotifications: this.#notifications,
    };
    const tail = {
      artifacts: [...this.#artifacts.values()].map(({ artifact }) => artifact),
      invocations: [invocation],
    };
    this.#output.line(`],${jsonLine(tail).slice(1)}]}`);
  }

  #indexOf(location: ArtifactLocation, { verdict: { digest: own }, bytes }: Checked): number {
    const known = this.#artifacts.get(location.uri);
    if (known !== undefined) return known.index;
    const index = this.#artifacts.size;
    const hashes = bytes &&
      own !== null && { length: bytes.byteLength, hashes: { "sha-256": own.slice("sha256:".length) } };
    this.#artifacts.set(location.uri, { index, artifact: { location, roles: ["analysisTarget"], ...hashes } });
    return index;
  }

  #result(result: object): void {
    this.#output.line((this.#results > 0 ? "," : "") + jsonLine(result));
    this.#results += 1;
  }
}

function descriptorOf({ id, severity, summary, spec }: Rule): object {
  const text = literal(`${summary}.`);
  return {
    id,
    shortDescription: { text },
    fullDescription: { text },
    help: { text: `${text} See ${spec}`, markdown: `${text} See [the specification](${spec}).` },
    helpUri: spec,
    defaultConfiguration: { level: severity },
    properties: { precision: "very-high", "problem.severity": severity },
  };
}

function messageOf({ message, pointer }: Issue): string {
  return literal(pointer === "" ? message : `${message} (at ${pointer})`);
}

function regionOf({ line, column }: Issue, excerpts: Excerpts): object {
  return { startLine: line, startColumn: column, endLine: line, endColumn: excerpts.endOfToken(line, column) };
}

/** A message that says just this: in it nothing is a placeholder, or a link (SARIF 2.1.0, sections 3.11.5 and 3.11.6). */
function literal(text: string): string {
  return text.replace(/[{}]/g, "$&$&").replace(/[\\[\]]/g, "\\$&");
}

/** Where a document is: relative to this folder if it is in it, else in the file system. What is no file is named likewise. */
function locationOf(name: string): ArtifactLocation {
  const path = pathWithin("", name);
  if (path === undefined) return { uri: pathToFileURL(resolve(name)).href };
  return { uri: path.split(sep).map(encodeURIComponent).join("/"), uriBaseId: ROOT };
}
