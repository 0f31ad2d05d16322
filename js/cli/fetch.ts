/**
 * The `fetch` of the command line, which is loaded when something is fetched: Node's own HTTP takes as long to load as Node itself to
 * start.
 */
export const fetchOfCli: typeof globalThis.fetch = async (input, init) => {
  const { httpFetch } = await import("./http-fetch.js");
  return (await httpFetch(input, init)) as unknown as Response;
};
