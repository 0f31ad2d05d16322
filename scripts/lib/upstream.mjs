/** A registry on loopback that holds the committed image: a real one where it is installed. */
import { startPeer } from "../../tests/support/registries.mjs";
import { fixtureLayout, startRegistry } from "../../tests/support/registry.mjs";
import { pushLayout } from "./push-layout.mjs";
import { isInstalled } from "./run.mjs";

/** @returns {Promise<{what: string, url: string, close(): Promise<void>}>} `what` names the kind of registry. */
export async function startUpstream() {
  if (!isInstalled("docker-registry")) {
    const { url, close } = await startRegistry();
    return { what: "the test registry of this repository (Debian's docker-registry is not installed)", url, close };
  }
  const { url, close } = await startPeer("docker-registry");
  try {
    await pushLayout(url, "hello", fixtureLayout);
  } catch (error) {
    await close();
    throw error;
  }
  return { what: "Debian's docker-registry", url, close };
}
