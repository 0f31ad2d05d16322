//! The client over the native host.

use pierhead::Kind;
use pierhead::client::{Client, Credential};
use pierhead::digest::{Algorithm, Digest};
use pierhead::native::Native;

use super::server::Server;
use super::{kind_of, pattern, read_all};

const MANIFEST: &[u8] =
    br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
const MEDIA_TYPE: &str = "content-type: application/vnd.oci.image.index.v1+json\r\n";

/// A registry with one manifest, and one blob whose storage is elsewhere; `answered` is what that storage has.
fn registry(answered: Vec<u8>) -> (Client<Native>, Digest) {
    let digest = Digest::of(Algorithm::Sha256, &pattern(500_000));
    let blob = format!("GET /v2/library/hello/blobs/{digest} HTTP/1.1");
    let storage = Server::start(move |conversation, _| {
        let head = conversation.head().unwrap();
        assert_eq!(head.line, "GET /storage?signature=s HTTP/1.1");
        conversation.answer("200 OK", "", &answered);
    });
    let signed = storage.at("storage?signature=s");
    let server = Server::start(move |conversation, _| {
        while let Some(head) = conversation.head() {
            if head.line == blob {
                let location = format!("location: {signed}\r\n");
                conversation.answer("307 Temporary Redirect", &location, b"");
            } else if head.line == "GET /v2/library/hello/manifests/1.0 HTTP/1.1" {
                conversation.answer("200 OK", MEDIA_TYPE, MANIFEST);
            } else {
                conversation.answer("404 Not Found", "", b"");
            }
        }
    });
    let client = Client::new(Native::new().unwrap(), server.url.parse().unwrap()).unwrap();
    (client, digest)
}

#[tokio::test]
async fn a_manifest_and_a_blob_are_read_through_a_redirect() {
    let (client, digest) = registry(pattern(500_000));
    let name = "library/hello".parse().unwrap();
    let manifest = client
        .manifest(&name, &"1.0".parse().unwrap(), None)
        .await
        .unwrap();
    assert_eq!(manifest.digest, Digest::of(Algorithm::Sha256, MANIFEST));
    let mut blob = client.blob(&name, &digest, Some(500_000)).await.unwrap();
    assert!(read_all(&mut blob.body).await.unwrap() == pattern(500_000));
    let missing = client.manifest(&name, &"2.0".parse().unwrap(), None).await;
    let error = missing.unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Registry, Some(404)));
}

#[tokio::test]
async fn a_blob_of_other_bytes_is_refused() {
    let mut other = pattern(500_000);
    other[7] ^= 1;
    let (client, digest) = registry(other);
    let name = "library/hello".parse().unwrap();
    let mut blob = client.blob(&name, &digest, Some(500_000)).await.unwrap();
    assert_eq!(
        kind_of(read_all(&mut blob.body).await),
        Kind::DigestMismatch
    );
}

/// Programs spawn such futures on runtimes of many threads.
#[tokio::test(flavor = "multi_thread")]
async fn the_clients_futures_go_from_thread_to_thread() {
    let (client, digest) = registry(pattern(500_000));
    let task = tokio::spawn(async move {
        let name = "library/hello".parse()?;
        let mut blob = client.blob(&name, &digest, None).await?;
        read_all(&mut blob.body).await
    });
    assert_eq!(task.await.unwrap().unwrap().len(), 500_000);
}

#[tokio::test]
async fn a_registry_that_asks_who_comes_is_told() {
    let server = Server::start(|conversation, teller| {
        while let Some(head) = conversation.head() {
            let authorization = head.text("authorization");
            if authorization.is_none() {
                let challenge = "www-authenticate: Basic realm=\"r\"\r\n";
                conversation.answer("401 Unauthorized", challenge, b"");
            } else {
                conversation.answer("200 OK", "", b"{}");
            }
            teller.tell(authorization.unwrap_or_default(), []);
        }
    });
    let expected = server
        .url
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    let native = Native::new().unwrap().with_credentials(move |registry| {
        let known = registry == expected;
        Ok(known.then(|| Credential::Password {
            username: "u".into(),
            password: "p".into(),
        }))
    });
    let client = Client::new(native, server.url.parse().unwrap()).unwrap();
    client.ping().await.unwrap();
    assert_eq!(server.told().await.0, "");
    assert_eq!(server.told().await.0, "Basic dTpw");
}
