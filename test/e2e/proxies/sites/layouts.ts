import { testHaproxy } from "../../../support/haproxy.ts";
import { testNginx } from "../../../support/nginx.ts";
import type { Farm } from "./farm.ts";

/** A way through one of the shipped layouts. */
export interface Layout {
  readonly port: number;
  readonly ca?: string;
  /** Port of plain HTTP, if `port` is of TLS. */
  readonly plain?: number;
  readonly stop: () => Promise<void>;
}

type Start = (farm: Farm, gateway: string) => Promise<Layout>;

const nginxSite: Start = (farm, gateway) =>
  testNginx({ layout: "site", variables: { GATEWAY_ADDR: gateway, SITE_ADDR: `127.0.0.1:${farm.behind}` } });

const nginxTls: Start = async (farm, gateway) => {
  const variables = {
    GATEWAY_ADDR: gateway,
    SITE_ADDR: `127.0.0.1:${farm.behindTls}`,
    TLS_CERT: farm.tls.certFile,
    TLS_KEY: farm.tls.keyFile,
  };
  const nginx = await testNginx({ layout: "site-tls", variables });
  return { port: nginx.tlsPort, plain: nginx.port, ca: farm.tls.cert, stop: nginx.stop };
};

const haproxy =
  (routing: "uri" | "upgrade" | "subdomain", tls: boolean, more: Readonly<Record<string, string>> = {}): Start =>
  async (farm, gateway) => {
    const site = tls ? farm.behindTls : farm.behind;
    const variables = { GATEWAY_ADDR: gateway, SITE_ADDR: `127.0.0.1:${site}`, ...more };
    const front = await testHaproxy(routing, variables, { tls, certificate: farm.tls });
    return tls ? { port: front.tlsPort, plain: front.port, ca: farm.tls.cert, stop: front.stop } : front;
  };

/** HAProxy ends TLS and leads everything through nginx, which has the gateway beside the site. */
const chain: Start = async (farm, gateway) => {
  const front = { GATEWAY_ADDR: gateway, SITE_ADDR: `127.0.0.1:${farm.behindTls}`, NGINX_FRONT: "127.0.0.1/32" };
  const inner = await testNginx({ layout: "site", variables: front });
  const address = `127.0.0.1:${inner.port}`;
  const outer = await haproxy("uri", true, { SITE_ADDR: address })(farm, address);
  return {
    ...outer,
    stop: async () => {
      await outer.stop();
      await inner.stop();
    },
  };
};

/** TLS ends at the proxy, and the site's own server has never heard of it. */
export const unaware: Readonly<Record<string, Start>> = {
  nginx: (farm, gateway) => nginxTls({ ...farm, behindTls: farm.behind }, gateway),
  HAProxy: (farm, gateway) => haproxy("uri", true)({ ...farm, behindTls: farm.behind }, gateway),
};

/** Every layout that carries a site. */
export const layouts: Readonly<Record<string, Start>> = {
  nginx: nginxSite,
  "nginx with TLS": nginxTls,
  "HAProxy by path": haproxy("uri", false),
  "HAProxy by path with TLS": haproxy("uri", true),
  "HAProxy by name": haproxy("subdomain", false, { GATEWAY_HOST: "ws.example.com" }),
  "HAProxy by Upgrade with TLS": haproxy("upgrade", true, { GATEWAY_HOST: "static.example" }),
  "HAProxy, then nginx, with TLS": chain,
  "Apache alone": async ({ front }) => ({ port: front, stop: async () => undefined }),
  "Apache alone with TLS": async ({ frontTls, tls }) => ({ port: frontTls, ca: tls.cert, stop: async () => undefined }),
};
