import { equal, hasCode, ok, rejects, throws } from "../assert.ts";
import type { Case, Context } from "../case.ts";
import { all, index, own } from "../own.ts";

/** A repository whose list of tags is these pages, each with a link to the next, and how often it was asked. */
function paged({ pierhead: { Registry } }: Context, pages: unknown[][], link = (page: number) => `?page=${page}`) {
  const asked: string[] = [];
  const fetch = async (input: RequestInfo | URL) => {
    const url = new URL(String(input));
    asked.push(url.pathname + url.search);
    const page = Number(url.searchParams.get("page") ?? 0);
    const headers = page + 1 < pages.length ? { Link: `<${link(page + 1)}>; rel="next"` } : undefined;
    return Response.json({ name: "a", tags: pages[page] }, headers && { headers });
  };
  return { ...new Registry("registry.test", { fetch }).repository("a"), asked };
}

export const cases: Case[] = [
  {
    name: "tags are listed over all pages, or from one on",
    async run(context) {
      const { manifests, tags } = own(context, "new");
      const names = Array.from({ length: 10 }, (_, number) => `v${number}`);
      await manifests.put(index(), { tags: names });
      equal(await all(tags.list()), names);
      equal(await all(tags.list({ n: 2, last: "v3" })), names.slice(4));
      equal(await all(tags.list({ n: 0 })), []);
    },
  },
  {
    name: "repositories are listed, and extensions discovered",
    async run(context) {
      const { pierhead, registry } = context;
      const repository = own(context, "new");
      await repository.manifests.put(index());
      const client = new pierhead.Registry(registry.url);
      ok((await all(client.repositories())).includes(repository.name), "the repository is not listed");
      equal(await repository.extensions(), [
        { name: "_oci", url: "https://example.test/", endpoints: ["_oci/ext/discover"] },
      ]);
      equal(await own(context, "old").extensions(), []);
      equal(await client.extensions(), []);
    },
  },
  {
    name: "who stops early asks for no more pages",
    async run(context) {
      const { tags, asked } = paged(context, [["a", "b"], ["c"]]);
      for await (const tag of tags.list()) {
        equal(tag, "a");
        break;
      }
      equal(asked, ["/v2/a/tags/list"]);
    },
  },
  {
    name: "pages that lead elsewhere or in a circle, and lists of what is no name, are errors",
    async run(context) {
      const elsewhere = paged(context, [["a"], ["b"]], () => "https://elsewhere.test/v2/a/tags/list?page=1");
      hasCode(await rejects(all(elsewhere.tags.list())), "UNEXPECTED_RESPONSE");
      equal(elsewhere.asked.length, 1);
      const circle = paged(context, [["a"], ["b"], ["c"]], () => "/v2/a/tags/list?page=1");
      hasCode(await rejects(all(circle.tags.list())), "UNEXPECTED_RESPONSE");
      hasCode(await rejects(all(paged(context, [[1]]).tags.list())), "UNEXPECTED_RESPONSE");
      hasCode(await rejects(all(paged(context, [["a\u001b[2J"]]).tags.list())), "UNEXPECTED_RESPONSE");
      const long = paged(context, [["a"], ["b"], ["c"]]);
      hasCode(await rejects(all(long.tags.list({ maxPages: 2 }))), "TOO_LARGE");
      equal(long.asked.length, 2);
    },
  },
  {
    name: "malformed options of a list are typed errors, and an abort rejects with its reason",
    async run(context) {
      const { tags } = paged(context, [["a"], ["b"]]);
      hasCode(await rejects(all(tags.list({ n: -1 }))), "INVALID_ARGUMENT");
      hasCode(await rejects(all(tags.list({ n: 1.5 }))), "INVALID_ARGUMENT");
      hasCode(await rejects(all(tags.list({ last: 7 as never }))), "INVALID_ARGUMENT");
      const empty = new context.pierhead.Registry("registry.test").repository("");
      hasCode(await rejects(all(empty.tags.list())), "INVALID_REFERENCE");
      const [abort, reason] = [new AbortController(), new Error("enough")];
      const list = tags.list({ signal: abort.signal })[Symbol.asyncIterator]();
      equal((await list.next()).value, "a");
      abort.abort(reason);
      const error = await rejects(list.next());
      ok(error === reason, String(error));
      equal(await list.next(), { done: true, value: undefined });
      ok(throws(() => abort.signal.throwIfAborted()) === reason, "the reason");
    },
  },
];
