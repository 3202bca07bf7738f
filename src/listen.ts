import { chmod, lstat, unlink } from "node:fs/promises";
import type { Server } from "node:http";
import { connect } from "node:net";
import { ConfigError } from "./config.ts";

/** Listens on `host:port`, `[v6]:port` or `unix:/path`, and answers with what a client would write. */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  const path = host.startsWith("unix:") ? host.slice("unix:".length) : undefined;
  if (path !== undefined) await removeDead(path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(explained(error, host, port)));
    server.listen(path === undefined ? { host, port, backlog: 4_096 } : { path, backlog: 4_096 }, resolve);
  });
  if (path !== undefined) {
    // The proxy runs as another user; who may reach the folder is the operator's choice.
    await chmod(path, 0o666);
    return `unix:${path}`;
  }
  const address = server.address();
  const real = typeof address === "object" && address !== null ? address.port : port;
  return `http://${host.includes(":") ? `[${host}]` : host}:${real}`;
}

/** Reads ADMIN_LISTEN. Throws `ConfigError`. */
export function adminPlace(text: string): { readonly host: string; readonly port: number } {
  if (text.startsWith("unix:/")) return { host: text, port: 0 };
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  if (host === undefined || Number(parts?.[3]) > 65_535)
    throw new ConfigError("ADMIN_LISTEN", "takes host:port or unix:/path");
  return { host, port: Number(parts?.[3]) };
}

/** A socket file that nobody answers on is left over from a crash; a live one is another gateway's, a file anybody's. */
async function removeDead(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket()) throw new ConfigError("HOST", "takes the path of a socket; there is another kind of file");
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
  if (alive) throw new ConfigError("HOST", "takes a socket path on which no other process listens");
  await unlink(path);
}

function explained(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === "EADDRINUSE")
    return new ConfigError("PORT", `takes a free port: something listens on ${host}:${port} already`);
  if (error.code === "EACCES") return new ConfigError("PORT", "takes a port that this user may open (above 1023)");
  if (error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND")
    return new ConfigError("HOST", "takes an address of this machine");
  return error;
}

/** Ends idle connections at once and busy ones after their answer, or after `graceMs`. */
export function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
    server.closeIdleConnections();
  });
}
