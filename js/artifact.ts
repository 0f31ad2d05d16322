import { documentOf, inCore, type OciDocument } from "./document.js";
import type { Artifact } from "./generated/Artifact.js";
import type { Descriptor } from "./generated/Descriptor.js";

/**
 * What the artifact of a manifest, of an index, or of a descriptor of one is: by its artifact type, the media types of its config and its
 * layers, and its annotations. `docs/artifacts.md` has the table. Nothing is fetched, and nothing is proved: anyone may write any
 * media type into a manifest.
 *
 * @throws ManifestError `INVALID_MANIFEST` if the `subject` is malformed
 */
export function identifyArtifact(of: OciDocument | Descriptor): Artifact {
  return inCore(documentOf(of), (raw) => raw.artifact() as Artifact);
}
