import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** Span as OTLP's JSON has it, with its resource's and its own attributes by name. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly status: number;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface RawSpan extends Omit<ReceivedSpan, "attributes" | "resource" | "status"> {
  readonly attributes: readonly Attribute[];
  readonly status: { readonly code?: number };
}
interface RawExport {
  readonly resourceSpans: ReadonlyArray<{
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: ReadonlyArray<{ readonly spans: readonly RawSpan[] }>;
  }>;
}

/** Starts a receiver of OTLP/HTTP (JSON). `status` answers each request. */
export async function otlpCollector(status: () => number = () => 200) {
  const spans: ReceivedSpan[] = [];
  const requests: Array<{ readonly path: string; readonly headers: IncomingHttpHeaders; readonly raw: string }> = [];
  const server = createServer(async (request, response) => {
    const raw = await text(request);
    requests.push({ path: request.url ?? "", headers: request.headers, raw });
    const code = status();
    if (code === 200) spans.push(...spansOf(JSON.parse(raw) as RawExport));
    response.writeHead(code, { "Content-Type": "application/json" }).end("{}");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export type OtlpCollector = Awaited<ReturnType<typeof otlpCollector>>;

function spansOf({ resourceSpans }: RawExport): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ attributes, status, ...span }) => ({
        ...span,
        status: status.code ?? 0,
        resource: valuesOf(resource.attributes),
        attributes: valuesOf(attributes),
      })),
    ),
  );
}

function valuesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
