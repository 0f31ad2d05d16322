//! Documents that must not be used, each with the code of what is wrong with it.

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// A document: its name, its bytes, the media type it is declared as, and the code of its error.
pub(crate) type Hostile = (&'static str, Vec<u8>, Option<&'static str>, &'static str);

pub(crate) fn documents() -> Vec<Hostile> {
    let descriptor = format!(r#"{{"mediaType":"a/b","digest":"{DIGEST}","size":2}}"#);
    let hybrid =
        format!(r#"{{"schemaVersion":2,"config":{descriptor},"layers":[],"manifests":[]}}"#);
    let typed = |media_type: &str, rest: &str| {
        format!(r#"{{"schemaVersion":2,"mediaType":"{media_type}",{rest}}}"#)
    };
    vec![
        (
            "nested 100,000 times",
            "[".repeat(100_000).into(),
            None,
            "TOO_DEEP",
        ),
        (
            "objects nested 100,000 times",
            r#"{"a":"#.repeat(100_000).into(),
            Some(MANIFEST),
            "TOO_DEEP",
        ),
        (
            "9 MiB of white space",
            vec![b' '; 9 << 20],
            None,
            "TOO_LARGE",
        ),
        (
            "9 MiB that would be refused for more",
            vec![0xFF; 9 << 20],
            None,
            "TOO_LARGE",
        ),
        (
            "4 million values",
            format!("[0{}]", ",0".repeat(4_000_000)).into(),
            None,
            "TOO_LARGE",
        ),
        (
            "layers twice",
            typed(MANIFEST, r#""layers":[],"layers":[]"#).into(),
            None,
            "INVALID_JSON",
        ),
        (
            "layers twice, by an escape",
            typed(MANIFEST, r#""layers":[],"l\u0061yers":[]"#).into(),
            None,
            "INVALID_JSON",
        ),
        (
            "a digest twice, deep inside",
            typed(MANIFEST, r#""layers":[{"digest":"a","digest":"b"}]"#).into(),
            None,
            "INVALID_JSON",
        ),
        (
            "a lone surrogate",
            br#"{"a":"\ud800"}"#.to_vec(),
            None,
            "INVALID_JSON",
        ),
        (
            "a surrogate pair the wrong way round",
            br#"{"a":"\udc00\ud800"}"#.to_vec(),
            None,
            "INVALID_JSON",
        ),
        (
            "a byte order mark",
            b"\xEF\xBB\xBF{}".to_vec(),
            None,
            "INVALID_JSON",
        ),
        ("UTF-16", b"{\0}\0".to_vec(), None, "INVALID_JSON"),
        (
            "bad UTF-8 in a key",
            b"{\"\xC3\x28\":1}".to_vec(),
            None,
            "INVALID_JSON",
        ),
        (
            "overlong UTF-8",
            b"{\"\xC0\xAF\":1}".to_vec(),
            None,
            "INVALID_JSON",
        ),
        (
            "NUL in a string",
            b"{\"a\":\"\0\"}".to_vec(),
            None,
            "INVALID_JSON",
        ),
        (
            "NUL behind the document",
            b"{}\0".to_vec(),
            None,
            "INVALID_JSON",
        ),
        ("a second document", b"{}{}".to_vec(), None, "INVALID_JSON"),
        ("nothing", Vec::new(), None, "INVALID_JSON"),
        ("infinity", br#"{"a":1e400}"#.to_vec(), None, "INVALID_JSON"),
        (
            "a number of a million digits",
            format!(r#"{{"a":{}}}"#, "9".repeat(1_000_000)).into(),
            None,
            "INVALID_JSON",
        ),
        ("NaN", br#"{"a":NaN}"#.to_vec(), None, "INVALID_JSON"),
        (
            "a comment",
            br#"{"a":1/**/}"#.to_vec(),
            None,
            "INVALID_JSON",
        ),
        (
            "HTML",
            b"<!doctype html>".to_vec(),
            Some(MANIFEST),
            "INVALID_JSON",
        ),
        (
            "manifest and index in one",
            hybrid.clone().into(),
            None,
            "INVALID_MANIFEST",
        ),
        (
            "manifest and index in one, declared a manifest",
            hybrid.clone().into(),
            Some(MANIFEST),
            "INVALID_MANIFEST",
        ),
        (
            "manifest and index in one, declared an index",
            hybrid.clone().into(),
            Some(INDEX),
            "INVALID_MANIFEST",
        ),
        (
            "an index with layers",
            typed(INDEX, r#""manifests":[],"layers":[]"#).into(),
            None,
            "INVALID_MANIFEST",
        ),
        (
            "an index with a config",
            typed(INDEX, r#""manifests":[],"config":{}"#).into(),
            Some(INDEX),
            "INVALID_MANIFEST",
        ),
        (
            "a manifest with schema 1 layers",
            typed(MANIFEST, r#""layers":[],"fsLayers":[]"#).into(),
            None,
            "INVALID_MANIFEST",
        ),
        (
            "a manifest of version 1",
            br#"{"schemaVersion":1,"layers":[]}"#.to_vec(),
            None,
            "INVALID_MANIFEST",
        ),
        (
            "Layers",
            typed(MANIFEST, r#""layers":[],"Layers":[]"#).into(),
            None,
            "INVALID_MANIFEST",
        ),
        (
            "layers with a long s",
            typed(MANIFEST, r#""layers":[],"layer\u017f":[]"#).into(),
            None,
            "INVALID_MANIFEST",
        ),
        (
            "MediaType",
            typed(MANIFEST, &format!(r#""layers":[],"MediaType":"{INDEX}""#)).into(),
            None,
            "INVALID_MANIFEST",
        ),
        (
            "Manifests",
            typed(MANIFEST, r#""layers":[],"Manifests":[]"#).into(),
            None,
            "INVALID_MANIFEST",
        ),
        (
            "an index declared a manifest",
            typed(INDEX, r#""manifests":[]"#).into(),
            Some(MANIFEST),
            "MEDIA_TYPE_MISMATCH",
        ),
        (
            "an index declared as anything",
            typed(INDEX, r#""manifests":[]"#).into(),
            Some("a/b"),
            "MEDIA_TYPE_MISMATCH",
        ),
        (
            "a manifest declared a configuration",
            typed(MANIFEST, r#""layers":[]"#).into(),
            Some(CONFIG),
            "MEDIA_TYPE_MISMATCH",
        ),
        (
            "a manifest that calls itself nothing known",
            typed("a/b", r#""layers":[]"#).into(),
            None,
            "MEDIA_TYPE_MISMATCH",
        ),
        (
            "a manifest that is an index too, declared in capitals",
            hybrid.into(),
            Some("APPLICATION/VND.OCI.IMAGE.MANIFEST.V1+JSON"),
            "INVALID_MANIFEST",
        ),
        (
            "an index that is a manifest too, and says in capitals that it is one",
            typed(
                "Application/vnd.oci.image.index.v1+json",
                r#""manifests":[],"layers":[]"#,
            )
            .into(),
            None,
            "MEDIA_TYPE_MISMATCH",
        ),
        (
            "another manifest than declared, in capitals",
            typed(INDEX, r#""manifests":[]"#).into(),
            Some("Application/vnd.oci.image.manifest.v1+json"),
            "MEDIA_TYPE_MISMATCH",
        ),
        (
            "a manifest that is null",
            b"null".to_vec(),
            Some(MANIFEST),
            "INVALID_MANIFEST",
        ),
        (
            "a manifest that is an array",
            format!("[{descriptor}]").into(),
            Some(MANIFEST),
            "INVALID_MANIFEST",
        ),
    ]
}
