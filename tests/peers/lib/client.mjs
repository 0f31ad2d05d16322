/** The client as the cases use it, and what it was seen to send. */
import { Registry } from "pierhead/client";
import { EMPTY } from "./content.mjs";

/** @param {{host: string}} registry @returns {Registry} */
export function clientOf(registry, options = {}) {
  return new Registry(registry.host, { plainHttp: true, ...options });
}

/** A repository of the registry that has the blob that every artifact of the cases needs. */
export async function repositoryOf(registry, name, options) {
  const repository = clientOf(registry, options).repository(name);
  await repository.blobs.push(new TextEncoder().encode("{}"), { digest: EMPTY.digest });
  return repository;
}

/**
 * A fetch that keeps what it was asked for, and may come between.
 *
 * @param {(request: Request, send: () => Promise<Response>) => Promise<Response> | undefined} [between] Undefined leaves the
 *   request alone.
 * @returns {{fetch: typeof fetch, requests: {method: string, path: string, headers: Headers, status?: number}[]}}
 */
export function watchedFetch(between = () => undefined) {
  const requests = [];
  return {
    requests,
    fetch: async (resource, init) => {
      const request = new Request(resource, init);
      const { pathname, search } = new URL(request.url);
      const entry = { method: request.method, path: pathname + search, headers: request.headers, status: undefined };
      requests.push(entry);
      const send = () => fetch(request);
      const response = await (between(request, send) ?? send());
      entry.status = response.status;
      return response;
    },
  };
}

/** The requests of a method, in their order. */
export function sent(watched, method) {
  return watched.requests.filter((request) => request.method === method);
}
