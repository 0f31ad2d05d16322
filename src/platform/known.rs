//! The values that the image specification lists for platforms (`image-index.md`, "Image Index Property Descriptions" and
//! "Platform Variants"): those of Go's `GOOS` and `GOARCH`, and the variants of its table.

/// Values of `GOOS`, as Go knows them.
const OPERATING_SYSTEMS: &str = "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris \
                                 wasip1 windows zos";

/// Values of `GOARCH`, as Go knows them.
const ARCHITECTURES: &str = "386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 \
                             mips64p32le ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm";

/// Whether Go knows an operating system by this name.
pub(crate) fn is_operating_system(name: &str) -> bool {
    is_listed(OPERATING_SYSTEMS, name)
}

/// Whether Go knows an architecture by this name.
pub(crate) fn is_architecture(name: &str) -> bool {
    is_listed(ARCHITECTURES, name)
}

/// Whether the table of variants has this one, or would, where it ends with `…`: `v8.2`, `power11`. `arm/v5` is Go's, too.
pub(crate) fn is_variant(architecture: &str, variant: &str) -> bool {
    let versions = |prefix: &str, first: u8, last: u8| {
        let (major, minor) = match variant.strip_prefix(prefix) {
            Some(version) => version.split_once('.').unwrap_or((version, "0")),
            None => return false,
        };
        major.len() < 3
            && major
                .parse()
                .is_ok_and(|major: u8| (first..=last).contains(&major))
            && minor.len() < 3
            && minor.parse::<u8>().is_ok()
    };
    match architecture {
        "arm" => is_listed("v5 v6 v7 v8", variant),
        "arm64" => versions("v", 8, 9),
        "amd64" => is_listed("v1 v2 v3 v4", variant),
        "ppc64le" | "ppc64" => versions("power", 8, 99),
        "riscv64" => is_listed("rva20u64 rva22u64 rva23u64", variant),
        _ => false,
    }
}

fn is_listed(list: &str, name: &str) -> bool {
    list.split(' ').any(|listed| listed == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_go() {
        for name in ["linux", "windows", "wasip1", "zos"] {
            assert!(is_operating_system(name), "{name}");
        }
        for name in ["", " ", "Linux", "macos", "lin", "aix android"] {
            assert!(!is_operating_system(name), "{name}");
        }
        assert!(is_architecture("386") && is_architecture("loong64") && is_architecture("wasm"));
        assert!(!is_architecture("x86_64") && !is_architecture("arm64/v8") && !is_architecture(""));
    }

    #[test]
    fn variants_are_those_of_the_table_and_its_continuation() {
        for (architecture, variant) in [
            ("arm", "v5"),
            ("arm", "v8"),
            ("arm64", "v8"),
            ("arm64", "v8.10"),
            ("arm64", "v9.2"),
            ("amd64", "v3"),
            ("ppc64le", "power8"),
            ("ppc64le", "power11"),
            ("riscv64", "rva23u64"),
        ] {
            assert!(
                is_variant(architecture, variant),
                "{architecture}/{variant}"
            );
        }
        for (architecture, variant) in [
            ("arm", "7"),
            ("arm", "v9"),
            ("arm64", "v7"),
            ("arm64", "v8."),
            ("arm64", "v8.1.1"),
            ("arm64", "v08.0001"),
            ("amd64", "v5"),
            ("ppc64le", "power7"),
            ("s390x", "z13"),
            ("riscv64", ""),
        ] {
            assert!(
                !is_variant(architecture, variant),
                "{architecture}/{variant}"
            );
        }
    }
}
