//! The registries that people use, as `docs/registries.md` describes them. What it says is unknown is what the specification says.

use std::sync::Arc;

use crate::registry::{
    AfterCut, Auth, Bearer, Deletes, Errors, Field, Filter, Link, Location, Mounts, Posts, Ranges,
    Settings, Unknown, User, World,
};
use pierhead::client::{Client, Credential};

/// What the account may do with its own repositories.
const EVERYTHING: &[&str] = &["pull", "push", "delete", "*"];
const MIB: u64 = 1024 * 1024;

/// A registry, and the account that the tests have there.
pub struct Replica {
    pub name: &'static str,
    pub settings: Settings,
}

impl Replica {
    /// A world with this registry alone.
    pub fn world(&self) -> World {
        let world = World::of(self.settings.clone());
        // As registries have it, with pieces that a test can cut.
        world.behave(|manners| manners.piece = 5);
        self.log_in(&world);
        world
    }

    /// Gives whoever asks for it the credential for this registry.
    pub fn log_in(&self, world: &World) {
        let user = self.user();
        let credential = Credential::Password {
            username: user.name,
            password: user.password,
        };
        world.login(self.host(), Ok(credential));
    }

    pub fn user(&self) -> User {
        let users = match &self.settings.auth {
            Auth::None => &Vec::new(),
            Auth::Basic { users, .. } => users,
            Auth::Bearer(bearer) => &bearer.users,
        };
        users[0].clone()
    }

    /// The registry as its users write it.
    pub fn host(&self) -> &str {
        match self.settings.origin.as_str() {
            "https://registry-1.docker.io" => "docker.io",
            origin => origin.trim_start_matches("https://"),
        }
    }

    pub fn client(&self, world: &World) -> Arc<Client<World>> {
        let origin = self.settings.origin.parse().unwrap();
        Arc::new(Client::new(world.clone(), origin).unwrap())
    }
}

/// Who may do everything in `a/b` and `a/c`, and nothing elsewhere.
fn account(name: &str) -> Vec<User> {
    vec![User {
        name: name.to_owned(),
        grants: vec![("a/b", EVERYTHING), ("a/c", EVERYTHING)],
        ..User::owner()
    }]
}

/// A token service that gives `token` alone.
fn bearer(realm: &str, service: &str) -> Bearer {
    Bearer {
        realm: realm.to_owned(),
        service: Some(service.to_owned()),
        users: account("someone"),
        field: Field::Token,
        ..Bearer::default()
    }
}

/// Of an origin, with a storage that GET of blobs leads to.
fn at(origin: &str, auth: Auth, storage: &str) -> Settings {
    let mut settings = Settings {
        origin: origin.to_owned(),
        auth,
        ..Settings::default()
    };
    settings.uploads.mounts = Mounts::From;
    settings.blobs.storage = Some(storage.to_owned());
    settings
}

const NO_DELETES: Deletes = Deletes {
    manifests: Err(405),
    tags: Err(405),
    blobs: Err(405),
};

pub fn replicas() -> Vec<Replica> {
    let replica = |name, settings| Replica { name, settings };
    vec![
        replica("Docker Hub", docker_hub()),
        replica("GHCR", ghcr()),
        replica("ECR", ecr()),
        replica("ECR Public", ecr_public()),
        replica("Google", google()),
        replica("Azure", azure()),
        replica("Quay", quay()),
        replica("Harbor", harbor()),
        replica("GitLab", gitlab()),
        replica("Artifactory", artifactory()),
    ]
}

fn docker_hub() -> Settings {
    let auth = bearer("https://auth.docker.io/token", "registry.docker.io");
    let storage = "https://production.cloudflare.docker.com/registry-v2";
    let mut settings = at("https://registry-1.docker.io", Auth::Bearer(auth), storage);
    settings.referrers.api = false;
    settings.deletes = NO_DELETES;
    settings
}

fn ghcr() -> Settings {
    let auth = Bearer {
        refuses: true,
        ..bearer("https://ghcr.io/token", "ghcr.io")
    };
    let storage = "https://pkg-containers.githubusercontent.com/ghcr1/blobs";
    let mut settings = at("https://ghcr.io", Auth::Bearer(auth), storage);
    settings.uploads.location = Location::Singular;
    settings.uploads.chunk_max = Some((4 * MIB, 416));
    settings.uploads.tells_chunk_max = false;
    settings.blobs.storage_head = false;
    settings.referrers.api = false;
    settings.referrers.subject = false;
    settings.deletes = NO_DELETES;
    settings
}

fn ecr() -> Settings {
    let origin = "https://123456789012.dkr.ecr.us-east-1.amazonaws.com";
    let auth = Auth::Basic {
        realm: format!("{origin}/"),
        service: Some("ecr.amazonaws.com"),
        users: account("AWS"),
    };
    let storage = "https://starport-layer-bucket.s3.us-east-1.amazonaws.com/layers";
    let mut settings = at(origin, auth, storage);
    settings.unauthorized = Some(Errors::Text);
    settings.pages.max = 100;
    settings.pages.n_max = 1_000;
    settings.pages.link = Link::AbsoluteCursor;
    settings.pages.media_type = "text/plain; charset=utf-8";
    settings.uploads.ranges = Ranges::Stuck;
    settings.uploads.mounts = Mounts::Never;
    settings.uploads.after_cut = AfterCut::AsBefore;
    settings.referrers.api = false;
    settings.referrers.refuses = Some(405);
    settings
}

fn ecr_public() -> Settings {
    let auth = Bearer {
        users: account("AWS"),
        scope: Some("aws".to_owned()),
        expired: 400,
        ..bearer("https://public.ecr.aws/token/", "public.ecr.aws")
    };
    let storage = "https://d2glxqk2uabbnd.cloudfront.net/layers";
    let mut settings = at("https://public.ecr.aws", Auth::Bearer(auth), storage);
    settings.pages.link = Link::AbsoluteCursor;
    settings
}

fn google() -> Settings {
    let auth = Bearer {
        users: account("oauth2accesstoken"),
        posts: Posts::Refused(404),
        refuses: true,
        service_at_ping: false,
        ..bearer("https://us-docker.pkg.dev/v2/token", "us-docker.pkg.dev")
    };
    let storage =
        "https://us-docker.pkg.dev/artifacts-downloads/namespaces/p/repositories/r/downloads";
    let mut settings = at("https://us-docker.pkg.dev", Auth::Bearer(auth), storage);
    settings.uploads.location = Location::Outside;
    settings.uploads.chunks = false;
    settings.uploads.mounts = Mounts::Never;
    settings.blobs.relative = true;
    settings.referrers.exact = false;
    settings
}

fn azure() -> Settings {
    let auth = Bearer {
        field: Field::AccessToken,
        posts: Posts::RefreshOnly,
        tells_lifetime: false,
        basic: true,
        ..bearer("https://hello.azurecr.io/oauth2/token", "hello.azurecr.io")
    };
    let storage = "https://eusmanaged.blob.core.windows.net/0123";
    let mut settings = at("https://hello.azurecr.io", Auth::Bearer(auth), storage);
    settings.pages.link = Link::WithEmptyParameter;
    settings.uploads.location = Location::State;
    settings.uploads.body_max = Some(20 * MIB as usize);
    settings.uploads.after_cut = AfterCut::Nothing;
    settings
}

fn quay() -> Settings {
    let mut auth = Bearer {
        posts: Posts::Refused(405),
        lifetime: 3_600,
        tells_lifetime: false,
        delete: "push",
        always: false,
        beside_success: true,
        actions: Some(&["pull", "push", "*"]),
        nameless: Some(401),
        ..bearer("https://quay.io/v2/auth", "quay.io")
    };
    auth.nobody.grants = vec![("a/b", &["pull"])];
    let storage = "https://cdn01.quay.io/quayio-production-s3";
    let mut settings = at("https://quay.io", Auth::Bearer(auth), storage);
    settings.missing_repository = (401, "UNAUTHORIZED");
    settings.pages.max = 100;
    settings.uploads.location = Location::Absolute;
    settings.uploads.ranges = Ranges::WithUnit;
    settings.blobs.redirect = 302;
    settings.referrers.unknown = Unknown::BadRequest;
    settings.deletes.blobs = Err(405);
    settings
}

fn harbor() -> Settings {
    let auth = Bearer {
        then: Some("Basic realm=\"harbor\"".to_owned()),
        ..bearer("https://demo.goharbor.io/service/token", "harbor-registry")
    };
    let storage = "https://harbor.s3.eu-west-1.amazonaws.com/docker/registry/v2";
    let mut settings = at("https://demo.goharbor.io", Auth::Bearer(auth), storage);
    settings.everywhere = vec![("Set-Cookie", "sid=0123; Path=/; HttpOnly".to_owned())];
    settings.uploads.location = Location::State;
    settings.uploads.after_cut = AfterCut::AsBefore;
    settings.referrers.filter = Filter::AppliedByValue;
    settings.referrers.unknown = Unknown::EmptyObject;
    settings.referrers.exact = false;
    settings.deletes.tags = Err(405);
    settings
}

fn gitlab() -> Settings {
    let auth = Bearer {
        lifetime: 60,
        tells_lifetime: false,
        nameless: Some(403),
        ..bearer("https://gitlab.com/jwt/auth", "container_registry")
    };
    let storage = "https://cdn.registry.gitlab-static.net/gitlab";
    let mut settings = at("https://registry.gitlab.com", Auth::Bearer(auth), storage);
    settings.uploads.mount_refused = Some(401);
    settings.blobs.head = true;
    settings
}

fn artifactory() -> Settings {
    let realm = "https://example.jfrog.io:443/artifactory/api/docker/oci/v2/token";
    let auth = Bearer {
        posts: Posts::Refused(401),
        ..bearer(realm, "example.jfrog.io")
    };
    let storage = "https://example.s3.amazonaws.com/filestore";
    let mut settings = at("https://example.jfrog.io", Auth::Bearer(auth), storage);
    settings.errors = Errors::Statuses;
    settings.pages.max = 100;
    settings.pages.link = Link::Misled;
    settings
}
