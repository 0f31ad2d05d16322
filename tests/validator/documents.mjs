/** Documents for the checks. */
const digest = (char) => `sha256:${char.repeat(64)}`;

export const descriptor = (changes = {}) => ({
  mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
  digest: digest("a"),
  size: 1,
  ...changes,
});

/** A manifest with these members on top. */
export function manifest(changes = {}) {
  return {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor({ mediaType: "application/vnd.oci.image.config.v1+json" }),
    layers: [descriptor()],
    ...changes,
  };
}

/** The manifest as people write it, over several lines. */
export const text = (document) => JSON.stringify(document, undefined, 2);

/** A valid manifest in one line, of at least so many bytes. */
export function largeManifest(size) {
  const layer = JSON.stringify(descriptor());
  const count = Math.ceil(size / (layer.length + 1));
  const whole = JSON.stringify(manifest({ layers: [] }));
  return whole.replace('"layers":[]', `"layers":[${Array.from({ length: count }, () => layer).join(",")}]`);
}
