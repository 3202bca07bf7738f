import type { IncomingMessage, ServerResponse } from "node:http";
import type { Tracing } from "../../src/tracing/tracing.ts";
import { problemOf } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";

/** Answers a request; rejects with what becomes a problem. */
export type Handle = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

/** Wraps a handler with a span. It belongs to the trace of the request's `traceparent` (W3C Trace Context). */
export function traceRequests(handle: Handle, route: string, { inSpan }: Tracing): Handle {
  return async (req, res) => {
    const { traceparent } = req.headers;
    const attributes = {
      "http.request.method": req.method ?? "",
      "http.route": route,
      "dragoman.request_id": requestIdOf(res) ?? "",
    };
    const origin = { traceparent: typeof traceparent === "string" ? traceparent : undefined };
    const name = `${attributes["http.request.method"]} ${route}`;
    const refused = await inSpan(name, { kind: "server", attributes, origin }, async (span) => {
      try {
        await handle(req, res);
        span.set({ "http.response.status_code": res.statusCode });
        return undefined;
      } catch (error) {
        const { status, code } = problemOf(error);
        span.set({ "http.response.status_code": status, "error.type": code });
        if (status >= 500) span.fail(code);
        // A refusal of bad input is no failure of the gateway, so that it must not fail the span.
        return { error };
      }
    });
    if (refused !== undefined) throw refused.error;
  };
}
