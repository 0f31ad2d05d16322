/** Registries over TLS: whom the command line and the client trust, and by what they say that they do not. */
import { execFile, execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tls from "node:tls";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isInstalled } from "../../../scripts/lib/run.mjs";
import { fixtureLayout } from "../../support/layout.mjs";
import { ENVIRONMENT, pierhead, problem, scratch, start, TIMEOUT } from "./run.ts";

const cwd = await scratch();
const CLIENT = pathToFileURL(join(import.meta.dirname, "..", "..", "..", "dist", "entry", "client.js")).href;
const file = (name: string) => join(cwd, name);

/** Makes a certificate; it signs itself unless `issuer` does. */
function certify(name: string, more: readonly string[], issuer?: string): void {
  const made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const signed = issuer === undefined ? [] : ["-CA", file(`${issuer}.pem`), "-CAkey", file(`${issuer}.key`)];
  const extensions = more.flatMap((one) => ["-addext", one]);
  const to = ["-subj", `/CN=${name}`, "-keyout", file(`${name}.key`), "-out", file(`${name}.pem`)];
  execFileSync("openssl", [...made, ...signed, ...extensions, ...to], { stdio: "pipe" });
}

/** To be ended at the end: a hook that is made within another is never called. */
const servers: ReturnType<typeof start>[] = [];
afterAll(async () => {
  for (const { process: child } of servers) child.kill();
  await Promise.all(servers.map(({ ended }) => ended));
});

/** Serves an empty registry by a certificate; returns its port. */
async function serve(certificate: string): Promise<string> {
  const args = [
    "--memory",
    "--port",
    "0",
    "--tls-cert",
    file(`${certificate}.pem`),
    "--tls-key",
    file(`${certificate}.key`),
  ];
  const started = start(["serve", ...args]);
  servers.push(started);
  for await (const text of started.process.stderr) {
    const [, port] = /serving https:\/\/127\.0\.0\.1:(\d+)\//.exec(String(text)) ?? [];
    if (port !== undefined) return port;
  }
  throw new Error("it did not start");
}

describe.runIf(isInstalled("openssl")).concurrent("over TLS", TIMEOUT, () => {
  let [alone, issued, elsewhere] = ["", "", ""];
  beforeAll(async () => {
    certify("authority", ["basicConstraints=critical,CA:TRUE"]);
    certify("alone", ["subjectAltName=IP:127.0.0.1,IP:0.0.0.0,DNS:localhost"]);
    certify("issued", ["subjectAltName=IP:127.0.0.1,IP:0.0.0.0", "basicConstraints=critical,CA:FALSE"], "authority");
    certify("elsewhere", ["subjectAltName=DNS:registry.example", "basicConstraints=critical,CA:FALSE"], "authority");
    [alone, issued, elsewhere] = await Promise.all([serve("alone"), serve("issued"), serve("elsewhere")]);
    writeFileSync(file("empty.pem"), "");
    writeFileSync(file("broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  });

  /** Leads to this machine, and is not its name, so TLS is spoken there without being asked for. */
  const another = (port: string) => `0.0.0.0:${port}/hello`;

  test("a registry is refused whose certificate nobody vouches for, with what is wrong with it", async () => {
    for (const [port, wrong] of [
      [alone, "self-signed certificate"],
      [issued, "unable to verify the first certificate"],
    ] as const) {
      const result = await pierhead(["tags", another(port)]);
      expect(result).toMatchObject({ code: 2, stdout: "" });
      expect(problem(result)).toMatch(
        / CONNECTION_FAILED: the registry could not be reached \(at https:\/\/0\.0\.0\.0:/,
      );
      expect(problem(result)).toContain(wrong);
    }
  });

  test("an image is pushed and pulled where NODE_EXTRA_CA_CERTS vouches for it", async () => {
    for (const [port, name] of [
      [alone, "alone"],
      [issued, "authority"],
    ] as const) {
      const env = { NODE_EXTRA_CA_CERTS: file(`${name}.pem`) };
      const pushed = await pierhead(["push", `oci:${fixtureLayout}:1.0`, `${another(port)}:1.0`], { env });
      expect(pushed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sha256:[a-f0-9]{64} {2}/) });
      const digest = pushed.stdout.slice(0, 71);
      const pulled = await pierhead(["pull", `${another(port)}:1.0`, "-o", `env-${name}`], { cwd, env });
      expect(pulled).toMatchObject({ code: 0, stdout: expect.stringContaining(digest) });
    }
  });

  test("--ca-file vouches for a registry too, for this machine itself as for any", async () => {
    for (const host of [`127.0.0.1:${issued}`, `0.0.0.0:${issued}`]) {
      const trust = ["--ca-file", file("authority.pem")];
      const pushed = await pierhead(["push", ...trust, `oci:${fixtureLayout}:1.0`, `${host}/trusted:1.0`]);
      expect(pushed).toMatchObject({ code: 0 });
      const { code, stdout } = await pierhead(["tags", ...trust, `${host}/trusted`]);
      expect([code, stdout]).toEqual([0, "1.0\n"]);
    }
    const login = await pierhead(
      ["login", "--ca-file", file("authority.pem"), "-u", "ann", "--password-stdin", `127.0.0.1:${issued}`],
      { stdin: "secret", env: { DOCKER_CONFIG: file("docker") } },
    );
    expect(login).toMatchObject({ code: 0, stderr: expect.stringContaining("asks for no credential here") });
  });

  test("--ca-file vouches for nobody by another name, or of another authority", async () => {
    for (const [port, name, wrong] of [
      [elsewhere, "authority", "does not match certificate's altnames"],
      [issued, "alone", "unable to verify the first certificate"],
    ] as const) {
      const result = await pierhead(["tags", "--ca-file", file(`${name}.pem`), `127.0.0.1:${port}/hello`]);
      expect(result).toMatchObject({ code: 2, stdout: "" });
      expect(problem(result)).toContain(wrong);
    }
  });

  test.runIf("getCACertificates" in tls)("--ca-file takes no trust away", async () => {
    const env = { NODE_EXTRA_CA_CERTS: file("alone.pem") };
    const trust = ["--ca-file", file("authority.pem")];
    const { code, stderr } = await pierhead(["tags", ...trust, `127.0.0.1:${alone}/none`], { env });
    expect([code, stderr]).toEqual([2, expect.stringContaining("NAME_UNKNOWN")]);
  });

  test.each([
    ["missing.pem", "no such file or directory"],
    ["empty.pem", "It has no certificates in PEM."],
    ["authority.key", "It has no certificates in PEM."],
    ["broken.pem", "It has a certificate that cannot be read."],
  ])("--ca-file %s says what is wrong with it", async (name, wrong) => {
    const result = await pierhead(["tags", "--ca-file", file(name), "registry.example/hello"]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(problem(result)).toContain(wrong);
  });

  test("the client refuses and accepts the same, and has the reason as its error's cause", async () => {
    const script = `
      const { Registry } = await import(${JSON.stringify(CLIENT)});
      const said = (error) => ({ name: error.name, code: error.code, causes: causes(error.cause) });
      const causes = (cause) => (cause ? [cause.code, ...causes(cause.cause)] : []);
      const answer = await new Registry("https://127.0.0.1:${alone}").ping().then(() => "well", said);
      console.log(JSON.stringify(answer));`;
    const asked = async (env: Record<string, string>) => {
      const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
        env: { ...ENVIRONMENT, ...env },
      });
      return JSON.parse((await run).stdout);
    };
    expect(await asked({})).toEqual({
      name: "TransferError",
      code: "CONNECTION_FAILED",
      causes: expect.arrayContaining(["DEPTH_ZERO_SELF_SIGNED_CERT"]),
    });
    expect(await asked({ NODE_EXTRA_CA_CERTS: file("alone.pem") })).toBe("well");
  });
});
