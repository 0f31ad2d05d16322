/** Image manifests as builders write them, of any size. */

/** @returns {Uint8Array} A manifest of so many layers; 40 make 6.5 KB. */
export function manifestOf(layers) {
  return new TextEncoder().encode(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: descriptor("application/vnd.oci.image.config.v1+json", 0),
      layers: Array.from({ length: layers }, (_, index) =>
        descriptor("application/vnd.oci.image.layer.v1.tar+gzip", index + 1),
      ),
    }),
  );
}

/** @returns {Uint8Array} The largest manifest of layers that is not larger than so many bytes. */
export function manifestUpTo(bytes) {
  const [one, two] = [manifestOf(1001).length, manifestOf(1000).length];
  let manifest = manifestOf(Math.max(1, Math.floor(bytes / (one - two))));
  for (let less = 1; manifest.length > bytes; less++) {
    manifest = manifestOf(Math.max(1, Math.floor(bytes / (one - two)) - less));
  }
  return manifest;
}

function descriptor(mediaType, index) {
  // Digests differ, as they do in real ones: whatever interns strings must not gain by this.
  let state = index + 1;
  let encoded = "";
  while (encoded.length < 64) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    encoded += (state >>> 0).toString(16).padStart(8, "0");
  }
  return { mediaType, size: 1_000_000 + index * 7, digest: `sha256:${encoded}` };
}
