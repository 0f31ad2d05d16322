//! Platforms, by the public API.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::time::{Duration, Instant};

use pierhead::Kind;
use pierhead::platform::{DEFAULT, Platform};
use proptest::prelude::*;

fn platform(text: &str) -> Platform {
    text.parse().unwrap()
}

#[test]
fn platforms_are_normalised_as_containerd_does() {
    for (written, normalised) in [
        ("linux/amd64", "linux/amd64"),
        ("Linux/AMD64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/x86-64", "linux/amd64"),
        ("linux/x86_64/v3", "linux/amd64/v3"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v2", "linux/amd64/v2"),
        ("linux/i386", "linux/386"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/aarch64/v9", "linux/arm64/v9"),
        ("linux/arm64/8", "linux/arm64"),
        ("linux/arm64/V8", "linux/arm64"),
        ("linux/arm64/v9", "linux/arm64/v9"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/arm/5", "linux/arm/v5"),
        ("linux/arm/6", "linux/arm/v6"),
        ("linux/arm/7", "linux/arm/v7"),
        ("linux/arm/8", "linux/arm/v8"),
        ("macos/arm64", "darwin/arm64"),
        ("windows(10.0.17763)/amd64", "windows(10.0.17763)/amd64"),
        (
            "windows(10.0.17763+win32k)/amd64",
            "windows(10.0.17763+win32k)/amd64",
        ),
        ("linux(+b+a+b)/amd64", "linux(+a+b)/amd64"),
        ("linux()/amd64", "linux/amd64"),
        ("darwin(macOS%2014)/arm64", "darwin(macOS%2014)/arm64"),
        ("linux(1%2b2+a%28b%29)/amd64", "linux(1%2B2+a%28b%29)/amd64"),
        ("unknown/unknown", "unknown/unknown"),
        ("wasip1/wasm", "wasip1/wasm"),
    ] {
        assert_eq!(platform(written).to_string(), normalised, "{written}");
    }
}

#[test]
fn what_is_not_a_platform_is_refused() {
    for text in [
        "",
        "linux",
        "/",
        "linux/",
        "/amd64",
        "linux/arm/",
        "linux//v7",
        "linux/arm/v7/x",
        "linux /amd64",
        "linux/amd64\n",
        "*/amd64",
        "windows(10.0/amd64",
        "windows10.0)/amd64",
        "windows(10.0)x/amd64",
        "windows(10.0+)/amd64",
        "windows((10.0))/amd64",
        "windows(10%2)/amd64",
        "windows(10%ff)/amd64",
        "windows%2f/amd64",
        "(10.0)/amd64",
        "l\u{ed}nux/amd64",
    ] {
        let error = text.parse::<Platform>().unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidPlatform, "{text:?}");
    }
}

#[test]
fn messages_say_what_is_wrong() {
    let message = |text: &str| text.parse::<Platform>().unwrap_err().to_string();
    assert_eq!(
        message("linux"),
        "a platform is `os/architecture` or `os/architecture/variant`"
    );
    assert_eq!(
        message("linux/"),
        "the architecture of the platform is empty"
    );
    assert_eq!(
        message("linux/arm/v 7"),
        "the variant of a platform cannot hold ' '"
    );
}

#[test]
fn the_default_is_the_constant() {
    assert_eq!(Platform::default(), platform(DEFAULT));
}

#[test]
fn a_match_needs_equal_system_processor_and_variant() {
    let arm = platform("linux/arm/v7");
    assert!(arm.matches(&Platform::new("linux", "arm")));
    assert!(arm.matches(&Platform::new("linux", "arm").with_variant("v7")));
    assert!(arm.matches(&Platform::new("Linux", "ARMHF")));
    assert!(!arm.matches(&platform("linux/arm/v6")));
    assert!(!arm.matches(&platform("linux/arm64")));
    assert!(!arm.matches(&platform("freebsd/arm/v7")));
    assert!(platform("linux/arm64").matches(&Platform::new("linux", "arm64").with_variant("v8")));
    assert!(platform("linux/amd64").matches(&Platform::new("linux", "amd64").with_variant("")));
}

#[test]
fn a_version_of_windows_matches_by_its_build_and_any_other_exactly() {
    let image = |os: &str, version: &str| Platform::new(os, "amd64").with_os_version(version);
    let asked = platform("windows(10.0.17763.1)/amd64");
    assert!(asked.matches(&image("windows", "10.0.17763.1879")));
    assert!(!asked.matches(&image("windows", "10.0.20348.1")));
    assert!(
        asked.matches(&platform("windows/amd64")),
        "an image that names no version runs on any"
    );
    assert!(platform("windows/amd64").matches(&image("windows", "10.0.17763.1879")));
    assert!(platform("linux(6.1.1.1)/amd64").matches(&image("linux", "6.1.1.1")));
    assert!(!platform("linux(6.1.1.1)/amd64").matches(&image("linux", "6.1.1.2")));
}

#[test]
fn features_that_an_image_requires_must_be_offered() {
    let image = Platform::new("windows", "amd64").with_os_features(["win32k"]);
    assert!(!platform("windows/amd64").matches(&image));
    assert!(platform("windows(+other+win32k)/amd64").matches(&image));
    assert!(platform("windows(+win32k)/amd64").matches(&platform("windows/amd64")));
    // A document may state as many as it holds: each looked for among all would take minutes.
    let names = (0..200_000).map(|number: u32| number.to_string());
    let many = Platform::new("linux", "amd64").with_os_features(names);
    let started = Instant::now();
    assert!(many.matches(&many));
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn what_is_escaped_is_part_of_the_version_or_feature() {
    let bottle = platform("darwin(macOS%2014+a%2Bb)/arm64");
    assert_eq!(bottle.os_version.as_deref(), Some("macOS 14"));
    assert_eq!(bottle.os_features, ["a+b"]);
}

#[test]
fn a_host_runs_what_is_for_it_and_for_lower_variants() {
    for (host, runs, does_not) in [
        (
            "arm/v7",
            &["arm", "arm/v7", "arm/v6", "arm/v5"][..],
            &["arm/v8", "arm/v4", "arm64", "arm/v6hf", "arm/x"][..],
        ),
        ("arm/v6", &["arm/v6", "arm/v5"], &["arm", "arm/v7"]),
        ("arm/v8", &["arm/v8", "arm/v7", "arm/v5"], &["arm64"]),
        (
            "amd64",
            &["amd64", "amd64/v1"],
            &["amd64/v2", "386", "amd64/v0"],
        ),
        (
            "amd64/v3",
            &["amd64", "amd64/v1", "amd64/v2", "amd64/v3"],
            &["amd64/v4", "386"],
        ),
        (
            "arm64",
            &["arm64", "arm64/v8", "arm64/v8.0"],
            &["arm64/v8.1", "arm64/v9", "arm/v7", "arm64/v7"],
        ),
        (
            "arm64/v8.2",
            &["arm64", "arm64/v8.1", "arm64/v8.2"],
            &["arm64/v8.3", "arm64/v9", "arm64/v8.1.1"],
        ),
        (
            "arm64/v9.1",
            &["arm64", "arm64/v9", "arm64/v9.0", "arm64/v8.6"],
            &["arm64/v8.7", "arm64/v9.2", "arm64/v10"],
        ),
        (
            "arm64/v9.7",
            &["arm64/v8.9"],
            &["arm64/v8.10", "arm64/v8.12"],
        ),
        (
            "ppc64le/power10",
            &["ppc64le", "ppc64le/power9", "ppc64le/power10"],
            &["ppc64le/power11", "ppc64le/v9"],
        ),
        (
            "riscv64/rva22u64",
            &["riscv64", "riscv64/rva20u64"],
            &["riscv64/rva23u64", "riscv64/rva20s64"],
        ),
        ("riscv64", &["riscv64"], &["riscv64/rva20u64"]),
        ("x/v99999999", &["x", "x/v99999999"], &["x/v1"]),
    ] {
        let host = platform(&format!("linux/{host}"));
        for image in runs {
            assert!(
                host.runs(&platform(&format!("linux/{image}"))),
                "{host} does not run {image}"
            );
            assert!(
                !host.runs(&platform(&format!("windows/{image}"))),
                "{host} runs Windows"
            );
        }
        for image in does_not {
            assert!(
                !host.runs(&platform(&format!("linux/{image}"))),
                "{host} runs {image}"
            );
        }
    }
}

#[test]
fn windows_runs_earlier_builds_from_server_2022_on() {
    let at = |version: &str| Platform::new("windows", "amd64").with_os_version(version);
    for (host, image, runs) in [
        ("10.0.26100.1", "10.0.20348.2", true),
        ("10.0.26100.1", "10.0.26100.9", true),
        ("10.0.20348", "10.0.20348.1", true),
        ("10.0.20348.1", "10.0.26100.1", false),
        ("10.0.26100.1", "10.0.17763.1", false),
        ("10.0.17763.1", "10.0.14393.1", false),
        ("11.0.26100.1", "10.0.20348.1", false),
        ("10.0.26100.1", "10.0", false),
        ("10.0.26100.1", "10.0.x", false),
        ("10.0", "10.0.20348.1", false),
    ] {
        assert_eq!(at(host).runs(&at(image)), runs, "{host}, {image}");
    }
    assert!(at("10.0.17763.1").runs(&platform("windows/amd64")));
    assert!(!at("10.0.26100.1").matches(&at("10.0.20348.2")));
    assert!(!platform("linux(2)/amd64").runs(&platform("linux(1)/amd64")));
}

#[test]
fn json_has_the_names_of_the_specification_and_nothing_that_is_absent() {
    let bare = serde_json::json!({"os": "linux", "architecture": "amd64"});
    assert_eq!(serde_json::to_value(platform("linux/amd64")).unwrap(), bare);
    let full = serde_json::json!({
        "os": "windows", "architecture": "arm", "variant": "v7", "os.version": "10.0", "os.features": ["win32k"],
    });
    let full_platform = platform("windows(10.0+win32k)/arm/v7");
    assert_eq!(serde_json::to_value(&full_platform).unwrap(), full);
    assert_eq!(
        serde_json::from_value::<Platform>(full).unwrap(),
        full_platform
    );
    assert_eq!(
        serde_json::from_value::<Platform>(bare).unwrap(),
        platform("linux/amd64")
    );
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(
        text in "[A-Za-z0-9_.-]{1,8}(\\([A-Za-z0-9_.-]{0,8}(\\+[a-z0-9]{1,4}){0,3}\\))?/[A-Za-z0-9_.-]{1,8}(/[A-Za-z0-9_.-]{1,4})?"
    ) {
        let parsed = platform(&text);
        prop_assert_eq!(&platform(&parsed.to_string()), &parsed);
        prop_assert_eq!(&parsed.normalised(), &parsed);
        prop_assert!(parsed.matches(&parsed));
        prop_assert!(parsed.runs(&parsed));
    }

    #[test]
    fn any_version_and_feature_can_be_written(version in "\\PC{1,8}", features in proptest::collection::vec("\\PC{1,4}", 0..3)) {
        let platform = Platform::new("linux", "amd64").with_os_version(version).with_os_features(features).normalised();
        prop_assert_eq!(platform.to_string().parse::<Platform>().unwrap(), platform);
    }

    #[test]
    fn what_matches_also_runs(left in "(v|power)?[0-9]{0,3}(\\.[0-9])?", right in "(v|power)?[0-9]{0,3}(\\.[0-9])?",
        architecture in "amd64|arm|arm64|ppc64le") {
        let [left, right] = [left, right].map(|variant| Platform::new("linux", &*architecture).with_variant(variant));
        prop_assert!(left.runs(&left));
        if left.matches(&right) {
            prop_assert!(left.runs(&right) && right.runs(&left));
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}") {
        if let Ok(parsed) = text.parse::<Platform>() {
            prop_assert_eq!(platform(&parsed.to_string()), parsed);
        }
    }
}
