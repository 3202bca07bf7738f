import { chmod, lstat, unlink } from "node:fs/promises";
import type { Server } from "node:http";
import { connect, Server as NetServer } from "node:net";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { ConfigError } from "../config/settings.ts";

/**
 * Listens on `host:port`, `[v6]:port` or `unix:/path`, and answers with what a client would write. `fd` is a socket that
 * a supervisor keeps open for us (sd_listen_fds(3)): what comes while we restart waits there, whatever `host` says.
 */
export async function listen(server: Server, host: string, port: number, fd?: number): Promise<string> {
  if (fd !== undefined) return listenOnKept(server, fd);
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
  return httpAddress(host, real);
}

async function listenOnKept(server: Server, fd: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", () =>
      reject(new ConfigError("LISTEN_FDS", "takes a listening stream socket as descriptor 3")),
    );
    server.listen({ fd }, resolve);
  });
  const address = server.address();
  if (typeof address === "object" && address !== null) return httpAddress(address.address, address.port);
  return `unix:${address ?? ""}`;
}

function httpAddress(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Reads ADMIN_LISTEN. Throws `ConfigError`. */
export function parseAdminAddress(text: string): { readonly host: string; readonly port: number } {
  if (text.startsWith("unix:/")) return { host: text, port: 0 };
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  if (host === undefined || Number(parts?.[3]) > 65_535)
    throw new ConfigError("ADMIN_LISTEN", "takes host:port or unix:/path");
  return { host, port: Number(parts?.[3]) };
}

/** Removes a socket file left by a crash. Throws for a live socket, which is another gateway's, and for other files. */
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

/**
 * Stops accepting connections and keeps open ones.
 * Idle ones stay too, since a proxy may just be sending on
 * one of them. What the kernel has accepted for us already is taken in first, for it would be reset.
 */
export async function stopListening(server: Server): Promise<void> {
  const address = server.address();
  // From here on nobody finds the way, so that nothing more can come while the rest is taken in.
  if (typeof address === "string") await unlink(address).catch(() => undefined);
  await turn();
  await turn();
  NetServer.prototype.close.call(server);
}

/** Resolves when no connection is open, or after `mostMs`. */
export async function waitForConnections(server: Server, mostMs: number): Promise<void> {
  const until = Date.now() + mostMs;
  while (Date.now() < until && (await openConnections(server)) > 0) await pause(LOOK_MS);
}

const LOOK_MS = 50;

function openConnections(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );
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
