/** Counts what becomes of requests, for Prometheus. */
import type { CollectReport } from "../generated/CollectReport.js";
import type { FrontEvent } from "./events.js";

/** Counters of one process. */
export interface FrontMetrics {
  /** Counts a request: what {@link CommonOptions.onEvent} is to call. */
  observe(event: FrontEvent): void;
  /** Counts what a run of collection did, once it is over. It is to be told of each visit. */
  observeCollection(report: CollectReport): void;
  /** The counters in Prometheus' text format, version 0.0.4: `text/plain; version=0.0.4; charset=utf-8`. */
  text(): string;
}

/** Upper bounds of the histogram's buckets, in seconds. */
const BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300];

/** What goes, by the names of the report. */
const COLLECTED = ["tags", "manifests", "links", "uploads", "blobs", "segments"] as const;

const COLLECTIONS = [
  ["pierhead_collections_total", "counter", "Runs of collection that are over: done, or late and given up."],
  ["pierhead_collected_total", "counter", "What collections have taken away, by what it was."],
  ["pierhead_collected_bytes_total", "counter", "Bytes of what collections have taken away."],
  ["pierhead_damaged_records", "gauge", "Records that the last run could not read."],
] as const;

interface Series {
  readonly labels: string;
  /** By the outcome and status. */
  readonly responses: Map<string, number>;
  readonly buckets: number[];
  seconds: number;
  count: number;
  received: number;
  sent: number;
}

/**
 * New counters. Their labels are the operation, the method, the status and the outcome, and never what a request may choose freely: so there is a bounded
 * number of series, whoever asks for whatever.
 */
export function createMetrics(): FrontMetrics {
  const all = new Map<string, Series>();
  const collected = new Map<string, number>();
  return {
    observeCollection(report) {
      // Counts are those of the run, whoever has made its other visits.
      if (!report.done || report.dry) return;
      const count = (sample: string, more: number) => collected.set(sample, (collected.get(sample) ?? 0) + more);
      count(`pierhead_collections_total{outcome="${report.late ? "late" : "done"}"}`, 1);
      for (const what of COLLECTED) count(`pierhead_collected_total{what="${what}"}`, report[what]);
      count("pierhead_collected_bytes_total", report.bytes);
      collected.set("pierhead_damaged_records", report.damaged);
    },

    observe({ operation, method, status, outcome, duration, received, sent }) {
      const labels = `operation="${operation}",method="${method}"`;
      let series = all.get(labels);
      if (series === undefined) {
        const buckets = BUCKETS.map(() => 0);
        series = { labels, responses: new Map(), buckets, seconds: 0, count: 0, received: 0, sent: 0 };
        all.set(labels, series);
      }
      const answer = `status="${status ?? ""}",outcome="${outcome}"`;
      series.responses.set(answer, (series.responses.get(answer) ?? 0) + 1);
      const seconds = duration / 1000;
      for (const [at, bound] of BUCKETS.entries()) {
        if (seconds <= bound) series.buckets[at] = (series.buckets[at] ?? 0) + 1;
      }
      series.seconds += seconds;
      series.count += 1;
      series.received += received;
      series.sent += sent;
    },

    text() {
      const lines: string[] = [];
      const family = (name: string, kind: string, help: string, samples: (series: Series) => string[]) => {
        lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
        for (const series of all.values()) lines.push(...samples(series));
      };
      const simple = (name: string, help: string, value: (series: Series) => number) =>
        family(name, "counter", help, (series) => [`${name}{${series.labels}} ${value(series)}`]);
      family("pierhead_requests_total", "counter", "Requests, by what became of them.", ({ labels, responses }) =>
        [...responses].map(([answer, count]) => `pierhead_requests_total{${labels},${answer}} ${count}`),
      );
      const seconds = "pierhead_request_duration_seconds";
      family(seconds, "histogram", "Seconds from the request to the end of its response.", (series) => [
        ...BUCKETS.map((bound, at) => `${seconds}_bucket{${series.labels},le="${bound}"} ${series.buckets[at]}`),
        `${seconds}_bucket{${series.labels},le="+Inf"} ${series.count}`,
        `${seconds}_sum{${series.labels}} ${series.seconds}`,
        `${seconds}_count{${series.labels}} ${series.count}`,
      ]);
      simple("pierhead_received_bytes_total", "Bytes of requests' bodies that were read.", ({ received }) => received);
      simple("pierhead_sent_bytes_total", "Bytes of responses' bodies that were sent.", ({ sent }) => sent);
      for (const [name, kind, help] of COLLECTIONS) {
        const samples = [...collected].filter(([sample]) => sample.split("{")[0] === name);
        if (samples.length === 0) continue;
        lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
        for (const [sample, value] of samples) lines.push(`${sample} ${value}`);
      }
      return `${lines.join("\n")}\n`;
    },
  };
}
