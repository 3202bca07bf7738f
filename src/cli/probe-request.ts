import { request as http, type IncomingHttpHeaders } from "node:http";
import { request as https } from "node:https";

/** Way of a visitor's request: to the name in the URL, by IPv4 or IPv6. */
export interface ProbeTarget {
  readonly url: URL;
  readonly family: 4 | 6;
}

export interface Heard {
  /** 0 when no answer came. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The first 64 kB. */
  readonly text: string;
  /** Why no answer came. `ENOTFOUND` where the name has no address of this family. */
  readonly error?: string;
}

const PATIENCE_MS = 5_000;
const MAX_TEXT = 65_536;

/** Sends one request; never rejects. `first` ends it with the first bytes of the body, as a stream has no end. */
export function readResponse(
  { url, family }: ProbeTarget,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  first = false,
): Promise<Heard> {
  const silence: Heard = { status: 0, headers: {}, text: "" };
  return new Promise((resolve) => {
    const request = (url.protocol === "https:" ? https : http)({
      host: url.hostname.replace(/^\[|\]$/g, ""),
      family,
      port: url.port || (url.protocol === "https:" ? 443 : 80),
      path,
      headers: { Host: url.host, ...headers },
      servername: url.hostname,
      agent: false,
    });
    const over = (answer: Heard) => {
      clearTimeout(timer);
      request.destroy();
      resolve(answer);
    };
    let so: Heard = { ...silence, error: "no answer within 5 s" };
    const timer = setTimeout(() => over(so), PATIENCE_MS);
    request.on("response", (response) => {
      so = { ...silence, status: response.statusCode ?? 0, headers: response.headers };
      response.setEncoding("utf8").on("data", (part: string) => {
        so = { ...so, text: so.text + part };
        if (first || so.text.length > MAX_TEXT) over(so);
      });
      response.on("end", () => over(so));
    });
    request.on("upgrade", (response) => over({ ...silence, status: 101, headers: response.headers }));
    request.on("error", (error) =>
      over(so.status === 0 ? { ...silence, error: (error as NodeJS.ErrnoException).code ?? error.message } : so),
    );
    request.end();
  });
}
