import type { IncomingMessage } from "node:http";

/** Credential of a request. */
export type Credential =
  | { readonly kind: "bearer"; readonly text: string }
  | { readonly kind: "ticket"; readonly text: string }
  | { readonly kind: "cookie"; readonly text: string };

/** The cookie an app's page sets with a listener token, on the gateway's own origin. */
const TOKEN_COOKIE = "dragoman_token";

/** Finds the credential. The Authorization header first, then `?ticket=` where that is taken, then the cookie. */
export function credentialOf(req: IncomingMessage, tickets: boolean): Credential | undefined {
  const header = req.headers.authorization;
  if (header !== undefined) {
    // Another scheme is for another server, often a proxy with its own password.
    const bearer = /^Bearer +([^\s]+) *$/i.exec(header);
    if (bearer !== null) return { kind: "bearer", text: bearer[1] as string };
  }
  const ticket = tickets ? ticketOf(req.url ?? "") : undefined;
  if (ticket !== undefined) return { kind: "ticket", text: ticket };
  const cookie = cookieOf(req, TOKEN_COOKIE);
  return cookie === undefined || cookie === "" ? undefined : { kind: "cookie", text: cookie };
}

/** The value of a cookie (RFC 6265 5.4); the first of that name. */
export function cookieOf(req: IncomingMessage, name: string): string | undefined {
  for (const pair of (req.headers.cookie ?? "").split(";")) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).trim() === name)
      return pair
        .slice(equals + 1)
        .trim()
        .replace(/^"(.*)"$/, "$1");
  }
  return undefined;
}

function ticketOf(url: string): string | undefined {
  const mark = url.indexOf("?");
  if (mark === -1) return undefined;
  return new URLSearchParams(url.slice(mark + 1)).get("ticket") ?? undefined;
}
