/** A service that does as S3 does, which others wrote, on loopback, with a bucket of its own that goes when it is closed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { AwsClient } from "aws4fetch";
import { goTool } from "../../scripts/lib/go-tools.mjs";
import { freePort, startServer } from "./server.mjs";

const credentials = { accessKeyId: "pierhead", secretAccessKey: "of no use elsewhere" };

/**
 * How each is started, and which cases of the contract it cannot pass, by their names.
 *
 * @type {Record<string, {args: (at: {folder: string, address: string}) => string[], env: Record<string, string>, cannot: string[]}>}
 */
export const kinds = {
  minio: {
    args: ({ folder, address }) => ["server", folder, "--address", address, "--quiet"],
    env: {
      MINIO_ROOT_USER: credentials.accessKeyId,
      MINIO_ROOT_PASSWORD: credentials.secretAccessKey,
      MINIO_BROWSER: "off",
    },
    // It keeps objects in folders that are called as they are, and lists nothing below one that is an object.
    cannot: ["a key is listed beside those that it is the beginning of"],
  },
  gofakes3: {
    args: ({ address }) => ["-backend", "memory", "-host", address, "-quiet"],
    env: {},
    // The ETag that it gives an upload in parts is another than that of the object.
    cannot: ["17 MiB of a size that nobody knows are put whole, and replace what was there"],
  },
};

/**
 * @param {keyof typeof kinds} kind
 * @returns {Promise<{place: import("pierhead/stores/s3").S3Place, secret: string, close(): Promise<void>}>}
 */
export async function startS3(kind) {
  const folder = mkdtempSync(join(tmpdir(), "pierhead-s3-"));
  const address = `127.0.0.1:${await freePort()}`;
  const endpoint = `http://${address}`;
  const { args, env } = kinds[kind];
  const bucket = "objects";
  const server = await startServer(goTool(kind), args({ folder, address }), {
    probe: endpoint,
    env: { ...process.env, ...env, HOME: folder },
  });
  const close = async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const client = new AwsClient({ ...credentials, service: "s3", region: "us-east-1" });
    const made = await client.fetch(`${endpoint}/${bucket}`, { method: "PUT" });
    if (!made.ok) throw new Error(`no bucket could be made: ${made.status} ${await made.text()}`);
    return { place: { endpoint, bucket, credentials }, secret: credentials.secretAccessKey, close };
  } catch (error) {
    await close();
    throw error;
  }
}
