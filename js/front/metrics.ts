/** Counts what becomes of requests, for Prometheus. */
import type { FrontEvent } from "./events.js";

/** Counters of one process. */
export interface FrontMetrics {
  /** Counts a request: what {@link CommonOptions.onEvent} is to call. */
  observe(event: FrontEvent): void;
  /** The counters in Prometheus' text format, version 0.0.4: `text/plain; version=0.0.4; charset=utf-8`. */
  text(): string;
}

/** Upper bounds of the histogram's buckets, in seconds. */
const BUCKETS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300];

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
  return {
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
      return `${lines.join("\n")}\n`;
    },
  };
}
