import type { Source } from "./source.js";

const CONFIG = "application/vnd.oci.image.config.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const DIGESTS = {
  config: "sha256:725616a7c5be1cfb9e8869556da4057a7382059ce952efac5efb002ef3767f67",
  layer: "sha256:0f7627d98ea78b5b1b15add8f5c47c22d87d7954c4abd63226e1f22f988cee36",
  amd64: "sha256:46ff6e4828b69382c98d92090f4f178b10d73f819734ce606dce79555b1ae68d",
  arm64: "sha256:5bda6e2cebd4f050bd985607af01d7188d8974cbbbb2307fc35e636199396f16",
};

/** Documents to begin with. */
export const samples: readonly Source[] = [
  {
    name: "A manifest with mistakes",
    text: `{
  "schemaVersion": 2,
  "mediaType": "${MANIFEST}",
  "config": {
    "mediaType": "${CONFIG}",
    "digest": "sha256:725616A7C5BE1CFB9E8869556DA4057A",
    "size": 555
  },
  "layers": [
    {
      "mediaType": "${LAYER}",
      "digest": "${DIGESTS.layer}",
      "size": "250"
    },
    {
      "mediaType": "${LAYER}",
      "digest": "sha256:00e09f27b6aba40f594cc12e0f925f7c151ed7abeab17231ba9fcb8c7448f341",
      "size": 41844,
      "size": 7
    }
  ],
  "annotations": {
    "org.opencontainers.image.title": "hello ⚓",
    "org.opencontainers.image.revision": 42
  }
}
`,
  },
  {
    name: "An image manifest",
    text: `{
  "schemaVersion": 2,
  "mediaType": "${MANIFEST}",
  "config": {
    "mediaType": "${CONFIG}",
    "digest": "${DIGESTS.config}",
    "size": 555
  },
  "layers": [
    {
      "mediaType": "${LAYER}",
      "digest": "${DIGESTS.layer}",
      "size": 250
    }
  ]
}
`,
  },
  {
    name: "An image index",
    text: `{
  "schemaVersion": 2,
  "mediaType": "application/vnd.oci.image.index.v1+json",
  "manifests": [
    {
      "mediaType": "${MANIFEST}",
      "digest": "${DIGESTS.amd64}",
      "size": 804,
      "platform": { "os": "linux", "architecture": "amd64" }
    },
    {
      "mediaType": "${MANIFEST}",
      "digest": "${DIGESTS.arm64}",
      "size": 804,
      "platform": { "os": "linux", "architecture": "arm64", "variant": "v8" }
    }
  ]
}
`,
  },
  {
    name: "An image config",
    text: `{
  "created": "2026-01-01T00:00:00Z",
  "architecture": "amd64",
  "os": "linux",
  "config": {
    "User": "1000",
    "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"],
    "Entrypoint": ["/bin/hello"]
  },
  "rootfs": {
    "type": "layers",
    "diff_ids": ["${DIGESTS.layer}"]
  },
  "history": [{ "created": "2026-01-01T00:00:00Z", "created_by": "COPY hello /bin/hello" }]
}
`,
  },
  {
    name: "A manifest that is an index too",
    text: `{
  "schemaVersion": 2,
  "config": {
    "mediaType": "${CONFIG}",
    "digest": "${DIGESTS.config}",
    "size": 555
  },
  "layers": [],
  "manifests": [
    {
      "mediaType": "${MANIFEST}",
      "digest": "${DIGESTS.amd64}",
      "size": 804
    }
  ]
}
`,
  },
];
