/** How the places of images are told apart. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { existingPlace, parsePlace, parseTargetPlace } from "../../../dist/cli/places/place.js";
import { scratch } from "./run.ts";

const cwd = await scratch();
const folder = join(cwd, "layout");
const file = join(cwd, "layout.tar");
mkdirSync(folder);
writeFileSync(file, "");
const HEX = "0".repeat(64);

describe.each([
  ["a source", parsePlace],
  ["a target", parseTargetPlace],
])("%s", (_, parse) => {
  test.each<[string, object]>([
    ["alpine:3.22", { registry: "docker.io", repository: "library/alpine", reference: "3.22" }],
    ["ghcr.io/owner/image", { registry: "ghcr.io", repository: "owner/image", reference: "latest" }],
    ["localhost:5000/a/b:c", { registry: "localhost:5000", repository: "a/b", reference: "c" }],
    [`r.example/a:b@sha256:${HEX}`, { registry: "r.example", repository: "a", reference: `sha256:${HEX}` }],
    ["oci.example/oci:1", { registry: "oci.example", repository: "oci", reference: "1" }],
  ])("may be an image in a registry: %s", (text, expected) => {
    expect(parse(text)).toEqual({ kind: "registry", text, ...expected });
  });

  test.each<[string, string, object]>([
    ["oci:layout", "folder", { path: "layout" }],
    ["oci:/a/b", "folder", { path: "/a/b" }],
    ["oci:../a.b:latest", "folder", { path: "../a.b", reference: "latest" }],
    ["oci:a:docker.io/library/alpine:3.22", "folder", { path: "a", reference: "docker.io/library/alpine:3.22" }],
    [`oci:a:sha256:${HEX}`, "folder", { path: "a", reference: `sha256:${HEX}` }],
    [`oci:a@sha256:${HEX}`, "folder", { path: "a", reference: `sha256:${HEX}` }],
    ["oci:/home/me@work/a", "folder", { path: "/home/me@work/a" }],
    ["oci:/home/me@work/a:b", "folder", { path: "/home/me@work/a", reference: "b" }],
    ["oci:me@work:b", "folder", { path: "me@work", reference: "b" }],
    ["oci:C:\\images\\a", "folder", { path: "C:\\images\\a" }],
    ["oci:C:/images/a:b", "folder", { path: "C:/images/a", reference: "b" }],
    ["oci:C:b", "folder", { path: "C", reference: "b" }],
    ["oci-archive:a.tar", "archive", { path: "a.tar" }],
    ["oci-archive:a.tar:b", "archive", { path: "a.tar", reference: "b" }],
    ["oci:a b\n", "folder", { path: "a b\n" }],
  ])("may be a layout that need not be there: %j", (text, kind, expected) => {
    expect(parse(text)).toEqual({ kind, text, reference: undefined, docker: false, ...expected });
  });

  test("may be a layout or an archive that is there", () => {
    const more = { reference: undefined, docker: false };
    expect(parse(folder)).toEqual({ kind: "folder", text: folder, path: folder, ...more });
    expect(parse(file)).toEqual({ kind: "archive", text: file, path: file, ...more });
  });

  test.each(["oci:", "oci::name", "oci-archive:", "oci:a:", `oci:@sha256:${HEX}`])("has a path: %s", (text) => {
    expect(() => parse(text)).toThrow(`${text}: has no path`);
  });

  test.each(["missing", "./missing", "missing.json", "../a:1", "/a/b"])("is not guessed: %s", (text) => {
    expect(() => parse(text)).toThrow("no such file");
  });
});

test("a target that is not there is told how to be made", () => {
  expect(() => parseTargetPlace("./new")).toThrow(
    "./new: no such file or directory; a layout that is to be made is oci:FOLDER or oci-archive:FILE",
  );
});

test("an archive by docker save is a source only, and so is standard input", () => {
  expect(parsePlace("docker-archive:a.tar:b")).toMatchObject({ kind: "archive", path: "a.tar", docker: true });
  expect(parsePlace("-")).toMatchObject({ kind: "archive", path: "-" });
  for (const text of ["docker-archive:a.tar", "-"])
    expect(() => parseTargetPlace(text)).toThrow(`${text}: is only to be`);
});

test("an image is no layout that is there", () => {
  expect(existingPlace(`oci:${folder}:a`)).toMatchObject({ kind: "folder", path: folder, reference: "a" });
  expect(existingPlace(file)).toMatchObject({ kind: "archive", path: file });
  expect(() => existingPlace("alpine:3.22")).toThrow("alpine:3.22: is an image in a registry");
  expect(() => existingPlace(join(cwd, "missing"))).toThrow("no such file or directory");
});

test("credentials in a reference stay out of what is said of it", () => {
  for (const text of ["https://me:hunter2@r.example/x:1", "me:hunter2@r.example/x:1"]) {
    for (const parse of [parsePlace, parseTargetPlace]) {
      expect(() => parse(text)).toThrow(expect.not.objectContaining({ message: expect.stringContaining("hunter2") }));
    }
  }
});
