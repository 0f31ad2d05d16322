//! What is pushed.

use std::path::PathBuf;

use pierhead::Kind;
use pierhead::client::{Body as _, Content, Piece};
use pierhead::digest::{Algorithm, Digest};
use pierhead::native::{BytesContent, FileContent};

use super::{kind_of, pattern, read_all};

/// A file that is gone with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("pierhead-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Size, digest, and what is read from the beginning, from the middle, and again from behind the end.
async fn check(mut content: impl Content, bytes: &[u8]) {
    assert_eq!(content.size(), Some(bytes.len() as u64));
    assert_eq!(content.digest(), Some(Digest::of(Algorithm::Sha512, bytes)));
    for offset in [0, 1, 300_000, bytes.len(), bytes.len() + 1] {
        let mut body = content.open(offset as u64).await.unwrap().unwrap();
        let rest = bytes.get(offset..).unwrap_or_default();
        assert!(read_all(&mut body).await.unwrap() == rest, "from {offset}");
        assert_eq!(body.take(1).await.unwrap().size(), 0);
    }
}

#[tokio::test]
async fn bytes_are_read_from_any_offset_any_number_of_times() {
    let bytes = pattern(700_000);
    check(BytesContent::new(bytes.clone(), Algorithm::Sha512), &bytes).await;
}

#[tokio::test]
async fn a_file_is_read_from_any_offset_any_number_of_times() {
    let bytes = pattern(700_000);
    let file = Scratch::new("read", &bytes);
    let content = FileContent::open(&file.0, Algorithm::Sha512).await.unwrap();
    check(content, &bytes).await;
    let digest = Digest::of(Algorithm::Sha512, &bytes);
    check(FileContent::known(&file.0, 700_000, digest), &bytes).await;
}

#[tokio::test]
async fn an_empty_file_is_content_too() {
    let file = Scratch::new("empty", b"");
    let mut content = FileContent::open(&file.0, Algorithm::Sha256).await.unwrap();
    assert_eq!(content.size(), Some(0));
    let mut body = content.open(0).await.unwrap().unwrap();
    assert_eq!(read_all(&mut body).await.unwrap(), b"");
}

#[tokio::test]
async fn a_file_that_is_not_there_fails_with_what_the_system_says() {
    let missing = std::env::temp_dir().join("pierhead-is-not-there");
    let error = FileContent::open(&missing, Algorithm::Sha256)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Content);
    let source = std::error::Error::source(&error).unwrap();
    let source = source.downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(source.kind(), std::io::ErrorKind::NotFound);

    let mut gone = FileContent::known(missing, 1, Digest::of(Algorithm::Sha256, b"a"));
    assert_eq!(kind_of(gone.open(0).await), Kind::Content);
}
