/**
 * The `fetch` of the command line, which is loaded when something is fetched: Node's own HTTP takes as long to load as Node itself to
 * start.
 *
 * @param certificates What is trusted beside what Node trusts, in PEM.
 */
export function fetchOfCli(certificates: string | undefined): typeof globalThis.fetch {
  let loading: Promise<typeof globalThis.fetch> | undefined;
  const load = async (): Promise<typeof globalThis.fetch> => {
    const { httpFetch, trusting } = await import("./http-fetch.js");
    const secure = certificates === undefined ? undefined : trusting(certificates);
    return async (input, init) => (await httpFetch(input, init, secure)) as unknown as Response;
  };
  return async (input, init) => {
    loading ??= load();
    return await (await loading)(input, init);
  };
}
