/** What the Worker of `examples/worker` counts of requests. */
import type { R2BucketLike } from "pierhead/stores/r2";
import { expect, test } from "vitest";
import example from "../../../examples/worker/index.ts";

test("a request is counted under no more than Analytics Engine takes, whatever it asks for", async () => {
  const points: { blobs: string[]; indexes: string[] }[] = [];
  const env = {
    BUCKET: { get: async () => null } as unknown as R2BucketLike,
    EVENTS: { writeDataPoint: (point: { blobs: string[]; indexes: string[] }) => points.push(point) },
  };
  const names = ["team/app", "long/".repeat(40), "é😀".repeat(60)];
  for (const name of names) {
    const request = new Request(`https://registry.example/v2/${encodeURI(name)}/manifests/latest`);
    await example.fetch(request, env, { waitUntil: () => {} });
  }
  expect(points.map(({ blobs }) => blobs[4])).toEqual(names);
  expect(points[0]?.indexes).toEqual(["team/app"]);
  for (const { indexes } of points) {
    expect(indexes).toHaveLength(1);
    expect(Buffer.byteLength(indexes[0] as string)).toBeLessThanOrEqual(96);
  }
});
