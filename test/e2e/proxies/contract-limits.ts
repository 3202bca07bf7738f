import { expect, it } from "vitest";
import type { Mirror } from "../../support/lamp-site.ts";
import { type ProxyTarget, proxyRequest } from "../../support/proxy-client.ts";
import { MAX_BODY } from "./contract.ts";

/**
 * Tests CORS at the proxy. Pages of the site's own origin may read the gateway's answers; other origins may not, with
 * any forged header.
 */
export function foreignOriginsGetNothing(edge: () => ProxyTarget): void {
  it("does not let pages of foreign origins read", async () => {
    const scheme = edge().ca === undefined ? "http" : "https";
    const forged = { "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": scheme };
    const preflight = { "Access-Control-Request-Method": "POST" };
    const allowed = async (method: string, Origin: string, more = {}) => {
      const { headers } = await proxyRequest(edge(), "/gateway/platforms", {
        method,
        headers: { Origin, ...forged, ...more },
      });
      return headers["access-control-allow-origin"];
    };
    for (const origin of [`${scheme}://evil.example`, `${scheme}://${edge().host}.evil.example`, "null"]) {
      expect(await allowed("GET", origin), origin).toBeUndefined();
      expect(await allowed("OPTIONS", origin, preflight), origin).toBeUndefined();
    }
    const own = `${scheme}://${edge().host}`;
    expect(await allowed("GET", own)).toBe(own);
    expect(await allowed("OPTIONS", own, preflight)).toBe(own);
  });
}

/** Tests that the gateway's size limits do not apply to the site's own uploads. */
export function uploadsPass(edge: () => ProxyTarget): void {
  it("accepts uploads of the site that are larger than the gateway's limit", async () => {
    const body = "u".repeat(MAX_BODY + 500_000);
    const { status, text } = await proxyRequest(edge(), "/upload.php", { method: "POST", body });
    expect(status).toBe(200);
    expect((JSON.parse(text) as Mirror).body.length).toBe(body.length);
  });
}
