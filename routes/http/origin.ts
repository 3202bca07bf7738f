import type { IncomingMessage, ServerResponse } from "node:http";
import type { ProxyTrust } from "./proxy-trust.ts";

/** Which pages may use the gateway. */
export interface Origins {
  /** Whether a URL is of an origin that the operator named. Those of `ALLOWED_ORIGINS`, or PUBLIC_URL's. */
  readonly isListed: (url: string) => boolean;
  /** False when a page of a foreign origin asks. True without an Origin header: then no page of another site asks. */
  readonly allowedOrigin: (req: IncomingMessage) => boolean;
  /**
   * True when a cookie may speak for the user. The request provably comes from an allowed page, or, for a GET, nothing
   * says that it comes from elsewhere.
   */
  readonly allowedCookie: (req: IncomingMessage) => boolean;
  /** True when the request names the gateway's own origin as its page's, or PUBLIC_URL's. False without an Origin header. */
  readonly isOwnPage: (req: IncomingMessage) => boolean;
  /** Express middleware: CORS headers for allowed origins, never for others; answers preflights. */
  readonly cors: (req: IncomingMessage, res: ServerResponse, next: () => void) => void;
}

export interface OriginsDeps {
  readonly allowedOrigins: readonly string[];
  /** PUBLIC_URL, or empty. */
  readonly publicUrl: string;
  readonly proxyTrust: ProxyTrust;
}

const METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS";
const HEADERS = "Authorization, Content-Type, Accept, Last-Event-ID, Idempotency-Key, Prefer, X-Request-Id";
const EXPOSED =
  "Location, Retry-After, Idempotent-Replayed, Preference-Applied, RateLimit, RateLimit-Policy, X-Request-Id, Dragoman-Version";

/** The same origin and those of `ALLOWED_ORIGINS`, compared whole: no patterns, no `null`. */
export function origins({ allowedOrigins, publicUrl, proxyTrust }: OriginsDeps): Origins {
  const publicOrigin = URL.canParse(publicUrl) ? new URL(publicUrl).origin : undefined;
  const listed = new Set([...allowedOrigins, ...(publicOrigin === undefined ? [] : [publicOrigin])]);
  const isAllowed = (req: IncomingMessage, origin: string): boolean => listed.has(origin) || isOwn(req, origin);
  const isOwn = (req: IncomingMessage, origin: string): boolean => {
    const own = proxyTrust.ownOrigin(req);
    if (own === undefined || origin === "null") return false;
    // A proxy that ends TLS but forgets X-Forwarded-Proto hides the scheme; the browser itself vouches then.
    const vouched = req.headers["sec-fetch-site"] === "same-origin" && origin === own.replace(/^http:/, "https:");
    return origin === own || vouched;
  };
  const allowedOrigin = (req: IncomingMessage): boolean => {
    const { origin } = req.headers;
    return origin === undefined || isAllowed(req, origin);
  };

  return {
    isListed: (url) => URL.canParse(url) && listed.has(new URL(url).origin),
    allowedOrigin,
    isOwnPage: (req) => {
      const { origin } = req.headers;
      return origin !== undefined && (origin === publicOrigin || isOwn(req, origin));
    },
    allowedCookie: (req) => {
      if (req.headers.origin !== undefined) return allowedOrigin(req);
      const reading = req.method === "GET" || req.method === "HEAD";
      const site = req.headers["sec-fetch-site"];
      if (site !== undefined) return site === "same-origin" || (site === "none" && reading);
      return reading;
    },
    cors: (req, res, next) => {
      // No page asks, and no cache keeps the answer to a POST: nothing to say.
      if (req.method === "POST" && req.headers.origin === undefined) return next();
      res.appendHeader("Vary", "Origin");
      const { origin } = req.headers;
      const allowed = origin !== undefined && isAllowed(req, origin);
      if (allowed) {
        res.setHeader("Access-Control-Allow-Origin", origin);
        res.setHeader("Access-Control-Allow-Credentials", "true");
        res.setHeader("Access-Control-Expose-Headers", EXPOSED);
      }
      if (req.method !== "OPTIONS" || req.headers["access-control-request-method"] === undefined) {
        next();
        return;
      }
      if (allowed) {
        res.setHeader("Access-Control-Allow-Methods", METHODS);
        res.setHeader("Access-Control-Allow-Headers", HEADERS);
        res.setHeader("Access-Control-Max-Age", "600");
      }
      res.statusCode = 204;
      res.end();
    },
  };
}
