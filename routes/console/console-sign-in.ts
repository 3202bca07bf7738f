import type { IncomingMessage } from "node:http";
import type { Response } from "express";
import type { ConsoleSession, ConsoleSessions } from "../../src/console/console-sessions.ts";
import { cookieOf } from "../http/credentials.ts";
import type { Origins } from "../http/origin.ts";
import { Problem } from "../http/problem.ts";
import type { ProxyTrust } from "../http/proxy-trust.ts";

const COOKIE = "dragoman_console";

export interface SignInDeps {
  readonly basePath: string;
  readonly sessions: ConsoleSessions;
  readonly origins: Pick<Origins, "isOwnPage">;
  readonly proxyTrust: Pick<ProxyTrust, "isHttps">;
}

/** Tells who is signed in. */
export interface SignIn {
  /** Returns the session of a request. Throws `Problem`: `unauthenticated`, or `forbidden` for a page of another origin. */
  readonly require: (req: IncomingMessage) => Promise<ConsoleSession>;
  /** Throws `Problem` `forbidden` unless the request comes from the console's own page. */
  readonly requireOwnPage: (req: IncomingMessage) => void;
  readonly secretOf: (req: IncomingMessage) => string | undefined;
  readonly setCookie: (req: IncomingMessage, res: Response, secret: string, seconds: number) => void;
}

/**
 * Makes the sign-in by a session cookie.
 * The cookie is sent to the console's own paths only. Origins of ALLOWED_ORIGINS may use the gateway, but not the console.
 */
export function signIn({ basePath, sessions, origins, proxyTrust }: SignInDeps): SignIn {
  const requireOwnPage = (req: IncomingMessage): void => {
    const isReading = req.method === "GET" || req.method === "HEAD";
    const isOwn = req.headers.origin === undefined ? isReading : origins.isOwnPage(req);
    const site = req.headers["sec-fetch-site"];
    const isSameSite = site === undefined || site === "same-origin" || (site === "none" && isReading);
    if (!isOwn || !isSameSite) throw new Problem("forbidden", "Only the console's own page may ask this.");
  };
  return {
    requireOwnPage,
    secretOf: (req) => cookieOf(req, COOKIE),
    require: async (req) => {
      requireOwnPage(req);
      const secret = cookieOf(req, COOKIE);
      const session = secret === undefined ? undefined : await sessions.find(secret);
      if (session !== undefined) return session;
      throw new Problem("unauthenticated", "Sign in with a link that `dragoman console` prints.");
    },
    setCookie: (req, res, secret, seconds) => {
      const secure = proxyTrust.isHttps(req) ? "; Secure" : "";
      const path = `${basePath}/console`;
      const attributes = `Path=${path}; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
      res.appendHeader("Set-Cookie", `${COOKIE}=${secret}; ${attributes}`);
    },
  };
}
