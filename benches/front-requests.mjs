/**
 * Requests for a manifest by its tag, a second: the registry on Node in memory, and on workerd over R2, against Debian's docker-registry (native Go) over a
 * folder. `wrk` with 16 connections, in turn, three rounds.
 */
import { isInstalled, npmBin, run as runProgram } from "../scripts/lib/run.mjs";
import { startWorker } from "../scripts/lib/worker.mjs";
import { startPeer } from "../tests/support/registries.mjs";
import { startServe } from "../tests/support/serve.mjs";
import { median } from "./lib/measure.mjs";

const INDEX = "application/vnd.oci.image.index.v1+json";
const ROUNDS = 3;
const SECONDS = 5;

export async function run() {
  for (const tool of ["wrk", "docker-registry"])
    if (!isInstalled(tool)) throw new Error(`${tool} is not installed: apt-get install ${tool}`);
  const registries = {
    node: await startServe(["--memory"], { node: npmBin("node") }),
    workerd: await startWorker(),
    docker: await startPeer("docker-registry"),
  };
  const rates = { node: [], workerd: [], docker: [] };
  try {
    for (const { url } of Object.values(registries)) await pushIndex(url);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [name, { url }] of Object.entries(registries)) rates[name].push(await requestsPerSecond(url));
    }
  } finally {
    for (const { close } of Object.values(registries)) await close();
  }
  const [node, workerd, docker] = [rates.node, rates.workerd, rates.docker].map(median);
  const figure = (value) =>
    `${(value / docker).toFixed(1)}× (${Math.round(value)}/s, docker-registry ${Math.round(docker)}/s)`;
  return [
    {
      what: "manifest GET by tag, Node and memory, to docker-registry",
      figure: figure(node),
      target: "at least 0.5×",
      met: node >= 0.5 * docker,
    },
    {
      what: "manifest GET by tag, workerd and R2, to docker-registry",
      figure: figure(workerd),
      target: "none",
      met: true,
    },
  ];
}

async function pushIndex(url) {
  const body = `{"schemaVersion":2,"mediaType":"${INDEX}","manifests":[]}`;
  const { status } = await fetch(`${url}/v2/bench/manifests/latest`, {
    method: "PUT",
    headers: { "content-type": INDEX },
    body,
  });
  if (status !== 201) throw new Error(`the manifest was not taken: ${status}`);
}

async function requestsPerSecond(url) {
  const options = ["-t1", "-c16", `-d${SECONDS}`, "-H", `Accept: ${INDEX}`];
  const said = await runProgram("wrk", [...options, `${url}/v2/bench/manifests/latest`]);
  if (/Non-2xx/.test(said)) throw new Error(`some requests failed: ${said}`);
  return Number(/Requests\/sec: +([\d.]+)/.exec(said)[1]);
}
