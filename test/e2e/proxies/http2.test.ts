import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { afterEach, describe, expect, it } from "vitest";
import { testHaproxy } from "../../support/haproxy.ts";
import { testNginx } from "../../support/nginx.ts";
import { activity, type Behind, edgeOf, type Front } from "./contract.ts";

const HOST = "shop.example";
/** More than the six that HTTP/1.1 allows a browser. */
const STREAMS = 20;

const fronts: Readonly<Record<string, (behind: Behind) => Promise<Front>>> = {
  nginx: async ({ gateway, site }) => {
    const nginx = await testNginx({ layout: "site-tls", variables: { GATEWAY_ADDR: gateway, SITE_ADDR: site } });
    return { ...nginx, port: nginx.tlsPort, ca: nginx.tls.cert, host: HOST };
  },
  HAProxy: async ({ gateway, site }) => {
    const haproxy = await testHaproxy("uri", { GATEWAY_ADDR: gateway, SITE_ADDR: site }, { tls: true });
    return { ...haproxy, port: haproxy.tlsPort, ca: haproxy.tls.cert, host: HOST };
  },
};

const sessions: ClientHttp2Session[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.destroy();
});

/** Collects the text of a stream; the returned function resolves once the text matches. */
function textOf(stream: ClientHttp2Stream) {
  let text = "";
  stream.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  return async (fits: (text: string) => boolean): Promise<string> => {
    while (!fits(text)) await once(stream, "data");
    return text;
  };
}

describe.each(Object.keys(fronts))("%s over HTTP/2", (name) => {
  const { edge } = edgeOf(fronts[name] as (behind: Behind) => Promise<Front>);

  it("carries many streams and a request on one connection", async () => {
    const { port, ca, key } = edge();
    const session = connect(`https://127.0.0.1:${port}`, {
      ...(ca === undefined ? {} : { ca }),
      servername: "localhost",
    });
    sessions.push(session);
    await once(session, "connect");
    expect(session.alpnProtocol).toBe("h2");
    const common = { ":authority": HOST, ":scheme": "https", authorization: `Bearer ${key}` };
    const listeners = Array.from({ length: STREAMS }, () => {
      const stream = session.request({ ...common, ":path": "/gateway/events", accept: "text/event-stream" });
      return textOf(stream);
    });
    await Promise.all(listeners.map((until) => until((text) => text.includes("event: ready"))));

    const submitted = activity();
    const posting = session.request({
      ...common,
      ":method": "POST",
      ":path": "/gateway/activities",
      "content-type": "application/json",
    });
    posting.end(JSON.stringify(submitted));
    const [headers] = (await once(posting, "response")) as [{ readonly ":status": number }];
    expect(headers[":status"]).toBe(202);
    posting.resume();
    const ended = (text: string) => new RegExp(`"type":"result"[^\\n]*"rid":"${submitted.rid}"`).test(text);
    await Promise.all(listeners.map((until) => until(ended)));

    const page = session.request({ ...common, ":path": "/" });
    expect(await textOf(page)((text) => text.includes("</p>"))).toContain("Grüße");
  });
});
