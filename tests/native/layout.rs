//! Image layouts in folders, as places to copy from and to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pierhead::Kind;
use pierhead::client::copy::{CopyOptions, Naming, Outcome, Place, copy};
use pierhead::client::{Chunks, Content};
use pierhead::digest::{Algorithm, Digest};
use pierhead::document::{Descriptor, Document};
use pierhead::native::{BytesContent, LayoutPlace, NativeBody};

use super::server::Server;
use super::{get, kind_of, pattern, read_all};

const REF_NAME: &str = "org.opencontainers.image.ref.name";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A folder that is gone with the value.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pierhead-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The committed image.
fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/layout")
}

/// What the files below a folder hold, by their paths.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
            }
        }
    }
    found
}

fn entries(folder: &Path) -> Vec<Descriptor> {
    let bytes = fs::read(folder.join("index.json")).unwrap();
    Document::parse(bytes, None).unwrap().manifests().unwrap()
}

fn describe(media_type: &str, bytes: &[u8]) -> Descriptor {
    let digest = Digest::of(Algorithm::Sha256, bytes);
    let size = bytes.len();
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}]}}"#
    );
    let document = Document::parse(index.into_bytes(), None).unwrap();
    document.manifests().unwrap().remove(0)
}

/// A manifest without layers; `more` are further members.
fn manifest(more: &str) -> Vec<u8> {
    let config = Digest::of(Algorithm::Sha256, b"{}");
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{config}","size":2}},"layers":[]{more}}}"#
    )
    .into_bytes()
}

#[tokio::test]
async fn an_image_is_copied_bit_by_bit_and_once() {
    let folder = Folder::new("copy");
    let source = LayoutPlace::open(fixture()).await.unwrap();
    let target = LayoutPlace::create(&folder.0).await.unwrap();
    let options = CopyOptions::default();
    let copied = copy(&source, "1.0", &target, Some("2.0"), &options, &())
        .await
        .unwrap();
    let blobs = |folder: &Path| {
        let mut files = files(folder);
        files.retain(|path, _| path.starts_with("blobs"));
        files
    };
    assert_eq!(blobs(&folder.0), blobs(&fixture()));
    let header = fs::read(folder.0.join("oci-layout")).unwrap();
    assert_eq!(header, br#"{"imageLayoutVersion":"1.0.0"}"#);
    let listed = entries(&folder.0);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].digest, copied.root.digest);
    assert_eq!(listed[0].annotations.get(REF_NAME).unwrap(), "2.0");

    // Again, from there to there: nothing is left to do.
    let before = files(&folder.0);
    copy(&target, "2.0", &target, Some("2.0"), &options, &())
        .await
        .unwrap();
    assert!(files(&folder.0) == before, "a file has changed");
}

#[tokio::test]
async fn a_name_moves_when_another_image_takes_it() {
    let folder = Folder::new("names");
    let layout = LayoutPlace::create(&folder.0).await.unwrap();
    let (old, new) = (manifest(""), manifest(r#","annotations":{"k":"v"}"#));
    for bytes in [&old, &new] {
        let naming = Naming::Name("latest");
        layout
            .put_manifest(&describe(MANIFEST, bytes), bytes, naming)
            .await
            .unwrap();
    }
    assert_eq!(layout.resolve("latest").await.unwrap().bytes, new);
    let old = describe(MANIFEST, &old);
    assert_eq!(
        layout
            .resolve(old.digest.as_str())
            .await
            .unwrap()
            .descriptor
            .digest,
        old.digest
    );
    assert_eq!(
        kind_of(layout.resolve("").await),
        Kind::Content,
        "there are two"
    );
    assert_eq!(kind_of(layout.resolve("1.0").await), Kind::Content);
}

#[tokio::test]
async fn what_is_within_an_index_is_found_by_its_digest() {
    let source = LayoutPlace::open(fixture()).await.unwrap();
    let root = source.resolve("").await.unwrap();
    let images = Document::parse(root.bytes, None)
        .unwrap()
        .manifests()
        .unwrap();
    for image in images {
        let found = source.resolve(image.digest.as_str()).await.unwrap();
        assert_eq!(Digest::of(Algorithm::Sha256, &found.bytes), image.digest);
    }
}

#[tokio::test]
async fn referrers_are_listed_by_their_subject() {
    let folder = Folder::new("referrers");
    let layout = LayoutPlace::create(&folder.0).await.unwrap();
    let image = manifest("");
    let subject = describe(MANIFEST, &image);
    let (digest, size) = (&subject.digest, subject.size);
    let referrer = manifest(&format!(
        r#","artifactType":"a/b","subject":{{"mediaType":"{MANIFEST}","digest":"{digest}","size":{size}}}"#
    ));
    layout
        .put_manifest(&subject, &image, Naming::Name("1.0"))
        .await
        .unwrap();
    assert!(layout.referrers(digest).await.unwrap().is_empty());
    let attached = describe(MANIFEST, &referrer);
    layout
        .put_manifest(&attached, &referrer, Naming::Referrer)
        .await
        .unwrap();
    let found = layout.referrers(digest).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].digest, attached.digest);

    let other = Folder::new("referrers-copied");
    let target = LayoutPlace::create(&other.0).await.unwrap();
    let config = describe("application/vnd.oci.empty.v1+json", b"{}");
    let content = BytesContent::new(b"{}", Algorithm::Sha256);
    layout.put_blob(&config, None, content).await.unwrap();
    let options = CopyOptions::default().with_referrers(true);
    copy(&layout, "1.0", &target, Some("1.0"), &options, &())
        .await
        .unwrap();
    assert_eq!(
        target.referrers(digest).await.unwrap()[0].digest,
        attached.digest
    );
}

/// A content of which the bytes are others than its descriptor says, or of which the connection breaks.
struct Faulty(Option<NativeBody>);

impl Content for Faulty {
    type Body = NativeBody;

    fn size(&self) -> Option<u64> {
        None
    }

    fn digest(&self) -> Option<Digest> {
        None
    }

    async fn open(&mut self, _offset: u64) -> pierhead::Result<Option<NativeBody>> {
        Ok(self.0.take())
    }
}

#[tokio::test]
async fn nothing_appears_that_is_not_whole_and_right() {
    let folder = Folder::new("faulty");
    let layout = LayoutPlace::create(&folder.0).await.unwrap();
    let before = files(&folder.0);
    let bytes = pattern(1_000_000);
    let blob = describe("application/octet-stream", &bytes);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", bytes.len());
    let mut wrong = bytes.clone();
    wrong[5] ^= 1;
    let answer = |body: &[u8]| [head.as_bytes(), body].concat();
    for (sent, kind) in [
        (answer(&wrong), Kind::DigestMismatch),
        (answer(&bytes[..999_999]), Kind::ConnectionLost),
    ] {
        let server = Server::answering(sent);
        let body = get(&server.url).await.unwrap().body;
        let outcome = layout.put_blob(&blob, None, Faulty(Some(body))).await;
        assert_eq!(kind_of(outcome), kind);
        assert!(files(&folder.0) == before, "something is left");
    }
    let server = Server::answering(answer(&bytes));
    let body = get(&server.url).await.unwrap().body;
    let outcome = layout
        .put_blob(&blob, None, Faulty(Some(body)))
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::Copied);
    let mut read = layout.content(&blob).open(999_000).await.unwrap().unwrap();
    assert!(read_all(&mut read).await.unwrap() == bytes[999_000..]);
    let again = layout.put_blob(&blob, None, Faulty(None)).await.unwrap();
    assert_eq!(again, Outcome::Existed);

    let bytes = manifest("");
    let put = layout
        .put_manifest(&blob, &bytes, Naming::Name("1.0"))
        .await;
    assert_eq!(kind_of(put), Kind::BodyTruncated);
    assert!(entries(&folder.0).is_empty());
}

#[tokio::test]
async fn what_is_of_the_right_size_alone_is_replaced() {
    let folder = Folder::new("same-size");
    let layout = LayoutPlace::create(&folder.0).await.unwrap();
    let (bytes, manifest) = (pattern(300_000), manifest(""));
    let blob = describe("application/octet-stream", &bytes);
    let image = describe(MANIFEST, &manifest);
    let content = || BytesContent::new(bytes.clone(), Algorithm::Sha256);
    layout.put_blob(&blob, None, content()).await.unwrap();
    let put = layout.put_manifest(&image, &manifest, Naming::Root);
    put.await.unwrap();
    let before = files(&folder.0);
    for (descriptor, right) in [(&blob, &bytes), (&image, &manifest)] {
        let encoded = descriptor.digest.encoded();
        let mut wrong = right.clone();
        wrong[5] ^= 1;
        fs::write(folder.0.join("blobs/sha256").join(encoded), wrong).unwrap();
    }
    assert!(!layout.has_manifest(&image).await.unwrap());
    let outcome = layout.put_blob(&blob, None, content()).await.unwrap();
    assert_eq!(outcome, Outcome::Copied);
    let put = layout.put_manifest(&image, &manifest, Naming::Root);
    put.await.unwrap();
    assert!(files(&folder.0) == before);
}

#[tokio::test]
async fn a_copy_that_is_dropped_leaves_no_part_of_a_file() {
    let folder = Folder::new("dropped");
    let layout = LayoutPlace::create(&folder.0).await.unwrap();
    let before = files(&folder.0);
    let server = Server::start(|conversation, teller| {
        conversation.head().unwrap();
        conversation.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nten bytes.");
        teller.tell("left", [u8::from(conversation.is_left())]);
    });
    let mut body = get(&server.url).await.unwrap().body;
    let first = body.chunk().await.unwrap();
    assert!(first.is_some());
    let blob = describe("application/octet-stream", &[0; 100]);
    let putting =
        tokio::spawn(async move { layout.put_blob(&blob, None, Faulty(Some(body))).await });
    while files(&folder.0) == before {
        tokio::task::yield_now().await;
    }
    putting.abort();
    assert!(putting.await.unwrap_err().is_cancelled());
    assert!(files(&folder.0) == before, "something is left");
    assert_eq!(server.told().await.1, [1], "the connection is closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_write_at_once_lose_nothing() {
    let folder = Folder::new("many");
    let layout = LayoutPlace::create(&folder.0).await.unwrap();
    let mut tasks = Vec::new();
    for number in 0..20 {
        let layout = layout.clone();
        tasks.push(tokio::spawn(async move {
            let bytes = manifest(&format!(r#","annotations":{{"n":"{number}"}}"#));
            let name = format!("v{number}");
            layout
                .put_manifest(&describe(MANIFEST, &bytes), &bytes, Naming::Name(&name))
                .await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let listed = entries(&folder.0);
    let mut names: Vec<_> = listed
        .iter()
        .map(|entry| {
            entry
                .annotations
                .get(REF_NAME)
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 20);
    assert!(!folder.0.join("index.json.lock").exists());
}

#[tokio::test]
async fn a_lock_whose_owner_is_gone_is_broken() {
    let folder = Folder::new("lock");
    let layout = LayoutPlace::create(&folder.0).await.unwrap();
    fs::write(folder.0.join("index.json.lock"), "somebody else").unwrap();
    let bytes = manifest("");
    let begun = std::time::Instant::now();
    layout
        .put_manifest(&describe(MANIFEST, &bytes), &bytes, Naming::Name("1.0"))
        .await
        .unwrap();
    assert!(begun.elapsed().as_secs() >= 5, "the lock was not minded");
    assert_eq!(entries(&folder.0).len(), 1);
    assert!(!folder.0.join("index.json.lock").exists());
}

#[tokio::test]
async fn what_is_no_layout_is_refused() {
    let folder = Folder::new("none");
    assert_eq!(kind_of(LayoutPlace::open(&folder.0).await), Kind::Content);
    fs::create_dir_all(&folder.0).unwrap();
    for (text, kind) in [
        ("{\"imageLayoutVersion\":\"2.0.0\"}", Kind::InvalidManifest),
        ("{}", Kind::InvalidManifest),
        ("", Kind::InvalidJson),
    ] {
        fs::write(folder.0.join("oci-layout"), text).unwrap();
        assert_eq!(kind_of(LayoutPlace::open(&folder.0).await), kind, "{text}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_written_through_a_link_that_leads_out() {
    let (folder, outside) = (Folder::new("links"), Folder::new("outside"));
    for link in ["blobs", "blobs/sha256"] {
        let _ = fs::remove_dir_all(&folder.0);
        let _ = fs::remove_dir_all(&outside.0);
        let layout = LayoutPlace::create(&folder.0).await.unwrap();
        fs::create_dir_all(&outside.0).unwrap();
        fs::create_dir_all(folder.0.join(link).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&outside.0, folder.0.join(link)).unwrap();
        let blob = describe("text/plain", b"abc");
        let content = BytesContent::new(b"abc", Algorithm::Sha256);
        let errors = [
            layout.put_blob(&blob, None, content).await.unwrap_err(),
            layout.put_bytes(&blob, b"abc").await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), Kind::Content, "{link}");
            assert!(error.to_string().contains("leads out"), "{link}: {error}");
        }
        assert!(files(&outside.0).is_empty(), "{link}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_in_place_of_files_are_replaced_and_what_they_lead_to_stays() {
    let (folder, outside) = (Folder::new("files"), Folder::new("elsewhere"));
    let layout = LayoutPlace::create(&folder.0).await.unwrap();
    let other = LayoutPlace::create(&outside.0).await.unwrap();
    drop(other);
    let index = outside.0.join("index.json");
    let before = fs::read(&index).unwrap();
    let bytes = manifest("");
    let descriptor = describe(MANIFEST, &bytes);
    let blob = folder
        .0
        .join("blobs/sha256")
        .join(descriptor.digest.encoded());
    fs::create_dir_all(blob.parent().unwrap()).unwrap();
    fs::write(outside.0.join("blob"), vec![b'x'; bytes.len()]).unwrap();
    fs::remove_file(folder.0.join("index.json")).unwrap();
    std::os::unix::fs::symlink(&index, folder.0.join("index.json")).unwrap();
    std::os::unix::fs::symlink(outside.0.join("blob"), &blob).unwrap();
    let put = layout.put_manifest(&descriptor, &bytes, Naming::Name("a"));
    put.await.unwrap();
    assert_eq!(fs::read(&index).unwrap(), before);
    assert_eq!(fs::read(outside.0.join("blob")).unwrap()[0], b'x');
    assert_eq!(fs::read(&blob).unwrap(), bytes);
    assert_eq!(entries(&folder.0).len(), 1);
}

#[tokio::test]
async fn an_index_does_not_grow_beyond_what_is_read() {
    let folder = Folder::new("grown");
    let layout = LayoutPlace::create(&folder.0).await.unwrap();
    let path = folder.0.join("index.json");
    let mut index = fs::read(&path).unwrap();
    index.resize((8 << 20) - 10, b' ');
    fs::write(&path, &index).unwrap();
    let bytes = manifest("");
    let descriptor = describe(MANIFEST, &bytes);
    let put = layout.put_manifest(&descriptor, &bytes, Naming::Name("a"));
    assert_eq!(put.await.unwrap_err().kind(), Kind::TooLarge);
    assert_eq!(fs::read(&path).unwrap(), index);
}

#[tokio::test]
async fn an_index_that_is_larger_than_a_document_may_be_is_not_read() {
    let folder = Folder::new("huge");
    let layout = LayoutPlace::create(&folder.0).await.unwrap();
    let file = fs::File::create(folder.0.join("index.json")).unwrap();
    // It takes no room on the disk, and would take all of the memory.
    file.set_len(1 << 40).unwrap();
    let bytes = manifest("");
    let descriptor = describe(MANIFEST, &bytes);
    let put = layout.put_manifest(&descriptor, &bytes, Naming::Name("a"));
    assert_eq!(put.await.unwrap_err().kind(), Kind::TooLarge);
    let found = layout.resolve("a").await;
    assert_eq!(found.unwrap_err().kind(), Kind::TooLarge);
}
