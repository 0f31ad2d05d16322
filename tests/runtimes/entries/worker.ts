/** The suite in workerd: each request runs one case, because workerd ties I/O to the request that began it. */
import type { Facts } from "../case.ts";
import { cases, runNamed } from "../suite.ts";

interface Order {
  readonly name: string;
  readonly facts: Facts;
}

export default {
  async fetch(request: Request): Promise<Response> {
    if (request.method === "GET") return Response.json(cases.map(({ name }) => name));
    const { name, facts } = (await request.json()) as Order;
    const result = await runNamed(name, facts);
    return result ? Response.json(result) : new Response(`no case is named ${name}`, { status: 404 });
  },
};
