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
 * How each is started, with how many ports beside that of S3, and which cases of the contract it cannot pass, by their names. One that is
 * optional takes too long to build for every machine that runs the tests.
 *
 * @type {Record<string, {
 *   args: (at: {folder: string, address: string, port: number, ports: number[]}) => string[],
 *   ports?: number,
 *   env: Record<string, string>,
 *   cannot: string[],
 *   optional?: boolean,
 * }>}
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
  // The only one of them that keeps its keys in an index that is sorted, as S3 does.
  seaweedfs: {
    args: ({ folder, port, ports: [s3, master, masters, volume, volumes, filer, filers] }) => {
      const addresses = { ip: "127.0.0.1", "ip.bind": "127.0.0.1", "s3.port": port, "s3.port.grpc": s3 };
      const others = { "s3.port.iceberg": 0, "s3.port.lance": 0, "master.port": master, "master.port.grpc": masters };
      const stores = {
        "volume.port": volume,
        "volume.port.grpc": volumes,
        "filer.port": filer,
        "filer.port.grpc": filers,
      };
      const manners = { dir: folder, "volume.max": 0, "master.volumeSizeLimitMB": 64, "master.telemetry": false };
      const options = Object.entries({ s3: true, filer: true, ...addresses, ...others, ...stores, ...manners });
      return ["server", ...options.map(([name, value]) => `-${name}=${value}`)];
    },
    ports: 7,
    env: { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey },
    // It takes `a//b` for `a/b`.
    cannot: ["a key that a path or a protocol could take for something else is kept as it is, or refused"],
    optional: true,
  },
};

/**
 * @typedef {object} S3Server
 * @property {import("pierhead/stores/s3").S3Place} place
 * @property {string} secret
 * @property {(query: Record<string, string>) => Promise<string>} list A bare request for a list: signed, and read to its end, and nothing else.
 * @property {() => Promise<void>} close
 *
 * @param {keyof typeof kinds} kind
 * @returns {Promise<S3Server>}
 */
export async function startS3(kind) {
  const folder = mkdtempSync(join(tmpdir(), "pierhead-s3-"));
  const { args, env, ports: more = 0 } = kinds[kind];
  const free = new Set();
  while (free.size <= more) free.add(await freePort());
  const [port, ...ports] = free;
  const address = `127.0.0.1:${port}`;
  const endpoint = `http://${address}`;
  const bucket = "objects";
  const server = await startServer(goTool(kind), args({ folder, address, port, ports }), {
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
    // It is asked again, as all that fails with 500 or more: a service may answer before all its parts do.
    const put = await client.fetch(`${endpoint}/${bucket}/ready`, { method: "PUT", body: "yes" });
    if (!put.ok) throw new Error(`nothing can be put: ${put.status} ${await put.text()}`);
    await client.fetch(`${endpoint}/${bucket}/ready`, { method: "DELETE" });
    const list = async (query) => {
      const response = await client.fetch(
        `${endpoint}/${bucket}?${new URLSearchParams({ "list-type": "2", ...query })}`,
      );
      return await response.text();
    };
    return { place: { endpoint, bucket, credentials }, secret: credentials.secretAccessKey, list, close };
  } catch (error) {
    await close();
    throw error;
  }
}
