import type { LookupAddress } from "node:dns";
import { lookup as systemLookup } from "node:dns/promises";
import { connect, isIP, type LookupFunction, type Socket } from "node:net";
import { addressBlocked } from "./address-rules.ts";

/** Finds every address of a name; the default asks the system. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;
/** Opens TCP to a checked address of a host. */
export type Dial = (
  host: string,
  port: number,
  options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
) => Promise<Socket>;

const systemResolve: Resolve = (host) => systemLookup(host, { all: true });

/**
 * Makes the one function that opens sockets to hosts users name. The name is resolved once and the socket goes to the very
 * addresses that were checked, so a name that changes its answer in between (DNS rebinding) gains nothing.
 * Rejects with `address-blocked`, or with Node's own error (ECONNREFUSED, ENOTFOUND, ETIMEDOUT …).
 */
export function dialer(mayReach: (address: string) => boolean, resolve: Resolve = systemResolve): Dial {
  return async (host, port, { timeoutMs = 30_000, signal } = {}) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const ends = signal ? AbortSignal.any([signal, deadline]) : deadline;
    const addresses = await within(ends, checked(host));
    return opened(addresses, host, port, ends);
  };

  async function checked(host: string): Promise<LookupAddress[]> {
    const name = host.replace(/^\[(.*)\]$/, "$1");
    const family = isIP(name);
    const found = family === 0 ? await resolve(name) : [{ address: name, family }];
    const allowed = found.filter(({ address }) => mayReach(address));
    if (allowed.length === 0) throw addressBlocked();
    return allowed;
  }
}

function opened(addresses: LookupAddress[], host: string, port: number, ends: AbortSignal): Promise<Socket> {
  const lookup: LookupFunction = (_host, options, done) => {
    const [first] = addresses;
    if (options.all) done(null, addresses);
    else done(null, first?.address ?? "", first?.family);
  };
  const only = addresses.length === 1 ? addresses[0] : undefined;
  return new Promise((resolve, reject) => {
    const socket = connect(only ? { host: only.address, port } : { host, port, lookup, autoSelectFamily: true });
    const stop = () => fail(reasonOf(ends));
    const fail = (error: unknown) => {
      ends.removeEventListener("abort", stop);
      socket.destroy();
      reject(error);
    };
    socket.once("error", fail);
    socket.once("connect", () => {
      ends.removeEventListener("abort", stop);
      socket.removeListener("error", fail);
      // A reset between here and the caller's own listener must not end the process; the socket's close still tells.
      socket.on("error", () => undefined);
      resolve(socket);
    });
    if (ends.aborted) stop();
    else ends.addEventListener("abort", stop, { once: true });
  });
}

/** Settles as the work does, or rejects when the signal fires first (the system's resolver can't be stopped). */
async function within<T>(ends: AbortSignal, work: Promise<T>): Promise<T> {
  if (ends.aborted) throw reasonOf(ends);
  let stop: () => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(reasonOf(ends));
    ends.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    ends.removeEventListener("abort", stop);
  }
}

function reasonOf(signal: AbortSignal): unknown {
  const reason: unknown = signal.reason;
  return reason instanceof DOMException && reason.name === "TimeoutError"
    ? Object.assign(new Error("The connection was not made in time"), { code: "ETIMEDOUT" })
    : reason;
}
