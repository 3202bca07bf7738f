import { ConfigError } from "./config.ts";

/** What `server.listen` takes. */
export type ListenPlace = { readonly host: string; readonly port: number } | { readonly path: string };

/** Where the gateway listens: HOST (`unix:/path` for a socket) and PORT. */
export function listenPlace(host: string, port: number): ListenPlace {
  return host.startsWith("unix:") ? { path: host.slice("unix:".length) } : { host, port };
}

/** Reads ADMIN_LISTEN, `host:port`, `[::1]:port` or `unix:/path`; throws `ConfigError`. */
export function adminPlace(text: string): ListenPlace {
  if (text.startsWith("unix:/")) return { path: text.slice("unix:".length) };
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535) throw new ConfigError("ADMIN_LISTEN", "takes host:port or unix:/path");
  return { host, port };
}
