//! What is asked of the store for each request on blobs and uploads, which is what an operator pays for.

use pierhead::front::Host as _;

use crate::ask::{Answer, ask, ask_by, registry};
use crate::collecting::{collect_all, options};
use crate::content::sha256;
use crate::costs::counted;
use crate::pushing::{close, patch, with};
use crate::store::MemoryStore;

const DAY: u64 = 24 * 60 * 60 * 1000;

#[test]
fn each_request_takes_so_many_operations_of_the_store() {
    let store = MemoryStore::new();
    let mut table = Vec::new();
    let mut cost = |name: &str, expected: &str, act: &dyn Fn() -> Answer| {
        store.advance(5000);
        store.operations();
        let began = store.unix_time();
        let answer = act();
        assert_eq!(store.unix_time(), began, "{name} writes to a key twice");
        assert!(answer.status < 400, "{name}: {}", answer.text());
        let actual = counted(&store);
        if actual != expected {
            table.push(format!("{name}: {actual}, not {expected}"));
        }
        answer.header("location").to_owned()
    };
    let whole = format!("/v2/a/blobs/uploads/?digest={}", sha256(b"whole"));
    let post = || ask(&store, "POST", &whole, &[], Some(b"whole"));
    // A segment, the blob's record and the link, of which the last two are read before they are written.
    cost("blob in one POST", "2 get, 3 put", &post);
    cost("the same again", "2 get, 1 put, 1 delete", &post);
    let begin = || ask(&store, "POST", "/v2/a/blobs/uploads/", &[], None);
    let location = cost("upload", "1 put", &begin);
    let put = || close(&store, &location, &sha256(b"put"), Some(b"put"));
    cost(
        "PUT of all of it",
        "1 head, 3 get, 5 put, 2 delete, 1 list",
        &put,
    );
    let location = cost("upload", "1 put", &begin);
    let chunk = |location: &str, start| patch(&store, location, start, b"chunk");
    let location = cost("first chunk", "1 head, 1 get, 3 put", &|| {
        chunk(&location, 0)
    });
    let location = cost("another chunk", "1 head, 1 get, 3 put", &|| {
        chunk(&location, 5)
    });
    cost("how far it has come", "1 head, 1 get, 1 list", &|| {
        ask(&store, "GET", &location, &[], None)
    });
    let digest = sha256(b"chunkchunk");
    cost(
        "end of an upload",
        "1 head, 3 get, 3 put, 2 delete, 1 list",
        &|| close(&store, &location, &digest, None),
    );
    let location = cost("upload", "1 put", &begin);
    cost(
        "cancelled upload",
        "1 head, 1 get, 1 put, 2 delete, 3 list",
        &|| ask(&store, "DELETE", &location, &[], None),
    );
    let path = format!("/v2/a/blobs/{digest}");
    let read = |method: &str| ask(&store, method, &path, &[], None);
    cost("pull of two segments", "4 get", &|| read("GET"));
    cost("part of a blob", "3 get", &|| {
        ask(&store, "GET", &path, &[("range", "bytes=6-7")], None)
    });
    cost("head", "2 get", &|| read("HEAD"));
    let mount = format!("/v2/b/blobs/uploads/?mount={digest}&from=a");
    cost("mount", "4 get, 1 put", &|| {
        ask(&store, "POST", &mount, &[], None)
    });
    store.advance(DAY);
    cost("head half a grace period later", "3 get, 2 put", &|| {
        read("HEAD")
    });
    cost("deletion", "1 get, 1 put", &|| read("DELETE"));
    assert!(table.is_empty(), "\n{}", table.join("\n"));
}

#[test]
fn a_registry_that_is_asked_again_reads_nothing_of_an_upload_that_it_has_written_last() {
    let store = MemoryStore::new();
    let fronts = [registry(&store), registry(&store)];
    let cost = |front: usize, method: &str, target: &str, body: Option<&[u8]>, status, expected| {
        store.advance(5000);
        store.operations();
        let answer = ask_by(&fronts[front], method, target, &[], body);
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(counted(&store), expected, "{method} {target}");
        answer.header("location").to_owned()
    };
    let begin = |front| cost(front, "POST", "/v2/a/blobs/uploads/", None, 202, "1 put");
    let chunk = Some(&b"chunk"[..]);
    let first = cost(0, "PATCH", &begin(0), chunk, 202, "1 head, 3 put");
    let second = cost(0, "PATCH", &first, chunk, 202, "1 head, 3 put");
    // Another goes on with it, and the first does not know of that.
    let third = cost(1, "PATCH", &second, chunk, 202, "1 head, 1 get, 3 put");
    let end = with(&third, &format!("digest={}", sha256(b"chunkchunkchunk")));
    let cost_of_end = "1 head, 3 get, 3 put, 2 delete, 1 list";
    cost(0, "PUT", &end, None, 201, cost_of_end);
    // One that others have cancelled is found out all the same; the bytes that came too late are left to a collection.
    let location = cost(0, "PATCH", &begin(0), chunk, 202, "1 head, 3 put");
    assert_eq!(ask(&store, "DELETE", &location, &[], None).status, 204);
    store.advance(5000);
    assert_eq!(
        ask_by(&fronts[0], "PATCH", &location, &[], chunk).status,
        404
    );
    assert_eq!(store.keys("uploads/"), [""; 0]);
    let segments = |store: &MemoryStore| store.keys("segments/").len();
    assert_eq!(segments(&store), 4);
    collect_all(&store, &options());
    assert_eq!(segments(&store), 0, "nor is the blob named");
    // So many are remembered, and no more.
    let locations: Vec<String> = (0..65).map(|_| begin(0)).collect();
    cost(0, "PATCH", &locations[1], chunk, 202, "1 head, 3 put");
    cost(
        0,
        "PATCH",
        &locations[0],
        chunk,
        202,
        "1 head, 1 get, 3 put",
    );
}
