import type { LookupAddress } from "node:dns";
import { connect, isIP, type LookupFunction, type Socket } from "node:net";
import { addressBlocked } from "./address-rules.ts";
import { AppShares } from "./app-shares.ts";
import { type Resolve, resolver } from "./dns/resolve.ts";

/** Opens TCP to a checked address of a host. */
export type Dial = (host: string, port: number, options?: DialOptions) => Promise<Socket>;

/** Options of one dial. */
export interface DialOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** App whose share of the dials is used. */
  readonly app?: string;
}

/** Dials of one app at once. Further ones wait, within their time-out, without effect on other apps. */
const MAX_DIALS_PER_APP = 64;
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Creates the one function that opens sockets to hosts users name.
 * A name is resolved once per dial and the socket goes to the very addresses that were checked, so a name that changes
 * its answer in between (DNS rebinding) gains nothing. Rejects with `address-blocked`, or with Node's own error
 * (ECONNREFUSED, ENOTFOUND, ETIMEDOUT …).
 */
export function dialer(mayReach: (address: string) => boolean, resolve: Resolve = resolver()): Dial {
  const shares = new AppShares(MAX_DIALS_PER_APP);

  return async (host, port, { timeoutMs = DEFAULT_TIMEOUT_MS, signal, app = "" } = {}) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const ends = signal ? AbortSignal.any([signal, deadline]) : deadline;
    try {
      return await shares.run(app, ends, async () => {
        const addresses = await beforeAbort(ends, checkedAddresses(host, app, ends));
        return openSocket(addresses, host, port, ends);
      });
    } catch (error) {
      throw error === ends.reason && ends.aborted ? reasonOf(ends) : error;
    }
  };

  async function checkedAddresses(host: string, app: string, signal: AbortSignal): Promise<LookupAddress[]> {
    const name = host.replace(/^\[(.*)\]$/, "$1");
    const family = isIP(name);
    const addresses = family === 0 ? await resolve(name, { app, signal }) : [{ address: name, family }];
    const allowed = addresses.filter(({ address }) => mayReach(address));
    if (allowed.length === 0) throw addressBlocked();
    return allowed;
  }
}

function openSocket(addresses: LookupAddress[], host: string, port: number, ends: AbortSignal): Promise<Socket> {
  const lookup: LookupFunction = (_host, options, done) => {
    const [first] = addresses;
    if (options.all) done(null, addresses);
    else done(null, first?.address ?? "", first?.family);
  };
  const single = addresses.length === 1 ? addresses[0] : undefined;
  return new Promise((resolve, reject) => {
    const socket = connect(single ? { host: single.address, port } : { host, port, lookup, autoSelectFamily: true });
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
      // A reset between here and the caller's own listener must not end the process; the close event still comes.
      socket.on("error", () => undefined);
      resolve(socket);
    });
    if (ends.aborted) stop();
    else ends.addEventListener("abort", stop, { once: true });
  });
}

/** Settles as the work does, or rejects when the signal aborts first. A query can't be stopped. */
async function beforeAbort<T>(ends: AbortSignal, work: Promise<T>): Promise<T> {
  if (ends.aborted) throw reasonOf(ends);
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(reasonOf(ends));
    ends.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
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
