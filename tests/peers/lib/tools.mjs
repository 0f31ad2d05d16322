/**
 * The tools that push and pull images: what others wrote, and the command line of this package. Each copies a whole
 * image, all platforms, between a registry that speaks plain HTTP and an OCI layout, with every byte as it is.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { goTool } from "../../../scripts/lib/go-tools.mjs";
import { root } from "../../../scripts/lib/project.mjs";
import { isInstalled, npmBin, run } from "../../../scripts/lib/run.mjs";

/**
 * Who a tool is to the registry. `home` is a folder of its own, so that it neither reads nor writes what a person set up.
 *
 * @typedef {{home: string, user?: {username: string, password: string}}} As
 *
 * @typedef {object} Tool Each copy as the arguments of the program.
 * @property {string} program
 * @property {(layout: string, tag: string, image: string, as: As) => string[]} [push] `image` is
 *   `host/repository:tag`; the image has the layout's `tag`.
 * @property {(image: string, layout: string, tag: string, as: As) => string[]} pull
 */

/** @type {Record<string, Tool>} */
export const tools = {
  pierhead: {
    program: npmBin("node"),
    push: (layout, tag, image) => pierheadArguments(["copy", `oci:${layout}:${tag}`, image]),
    pull: (image, layout, tag) => pierheadArguments(["copy", image, `oci:${layout}:${tag}`]),
  },
  skopeo: {
    program: "skopeo",
    push: (layout, tag, image, as) => [
      ...SKOPEO_COPY,
      "--dest-tls-verify=false",
      ...(as.user ? [`--dest-creds=${as.user.username}:${as.user.password}`] : []),
      `oci:${layout}:${tag}`,
      `docker://${image}`,
    ],
    pull: (image, layout, tag, as) => [
      ...SKOPEO_COPY,
      "--src-tls-verify=false",
      ...(as.user ? [`--src-creds=${as.user.username}:${as.user.password}`] : []),
      `docker://${image}`,
      `oci:${layout}:${tag}`,
    ],
  },
  // It pushes a layout whole, as an index of what is in it, so it only pulls here.
  crane: {
    program: goTool("crane"),
    pull: (image, layout) => ["pull", "--insecure", "--format=oci", "--annotate-ref", image, layout],
  },
  oras: {
    program: goTool("oras"),
    push: (layout, tag, image, as) => ["cp", ...orasOptions("to-", as), "--from-oci-layout", `${layout}:${tag}`, image],
    pull: (image, layout, tag, as) => ["cp", ...orasOptions("from-", as), image, "--to-oci-layout", `${layout}:${tag}`],
  },
  regctl: {
    program: goTool("regctl"),
    push: (layout, tag, image, as) => regctlArguments(image, ["image", "copy", `ocidir://${layout}:${tag}`, image], as),
    pull: (image, layout, tag, as) => regctlArguments(image, ["image", "copy", image, `ocidir://${layout}:${tag}`], as),
  },
};

const SKOPEO_COPY = ["copy", "--all", "--quiet", "--preserve-digests"];

/** Copies an image from a layout to a registry. */
export function pushed({ program, push }, layout, tag, image, as) {
  return run(program, push(layout, tag, image, as), { env: environment(as) });
}

/** Copies an image from a registry to a layout. */
export function pulled({ program, pull }, image, layout, tag, as) {
  return run(program, pull(image, layout, tag, as), { env: environment(as) });
}

/** Runs a command of oras, with the options that all of them take. */
export function oras(args, as) {
  return run(goTool("oras"), [...args, ...orasOptions("", as)], { env: environment(as) });
}

/** Runs a command of regctl, told of the registry of an image. */
export function regctl(image, args, as) {
  return run(goTool("regctl"), regctlArguments(image, args, as), { env: environment(as) });
}

/** Runs a command of this package; `input` is what its stdin has. */
export function pierhead(args, as, input) {
  return run(npmBin("node"), pierheadArguments(args), { env: environment(as), input });
}

/** Whether a program is there, given by its name or its path. */
export function isThere(program) {
  return program.includes("/") ? existsSync(program) : isInstalled(program);
}

/** What a tool finds around it: the user's own settings are not there. */
export function environment({ home }) {
  const own = Object.fromEntries(
    ["HOME", "DOCKER_CONFIG", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"].map((name) => [name, home]),
  );
  return { ...process.env, ...own, REGCTL_CONFIG: join(home, "regctl.json") };
}

/** The command line as it was built; it reaches what is on this machine by plain HTTP unasked. */
function pierheadArguments(args) {
  return [join(root, "dist", "cli", "main.js"), ...args];
}

function orasOptions(side, { user }) {
  const known = user === undefined ? [] : [`--${side}username=${user.username}`, `--${side}password=${user.password}`];
  return [`--${side}plain-http`, ...known];
}

function regctlArguments(image, args, { user }) {
  const [host] = image.split("/");
  const known = user === undefined ? "" : `,user=${user.username},pass=${user.password}`;
  return ["--host", `reg=${host},tls=disabled${known}`, ...args];
}
