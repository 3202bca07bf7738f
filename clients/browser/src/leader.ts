import type { State } from "../dragoman.d.ts";
import { rest } from "./pause.ts";
import { type DragomanError, isFinal, type Requests } from "./request.ts";
import { type Frame, poll, socket, sse, type Transport } from "./transports.ts";

/** Milliseconds until a stream must have begun, and for how long a lesser way is used before the wanted one is tried again. */
const OPEN_MS = 10_000;
const LESSER_MS = 300_000;
/** A poll waits for 25 s, but the first one. */
const POLL_MS = 40_000;

export interface LeaderDeps {
  readonly gateway: Requests;
  /** See `Transport`. */
  readonly query: () => string;
  readonly socketWanted: boolean;
  readonly ended: () => boolean;
  readonly take: (frame: Frame) => void;
  readonly setState: (state: State) => void;
  readonly end: (error: DragomanError) => void;
}

export interface Leader {
  /** Keeps the one connection, until it is closed or refused. */
  readonly lead: () => Promise<void>;
  /** Breaks the connection and makes a new one at once. */
  readonly again: () => void;
}

export function leader(deps: LeaderDeps): Leader {
  const { gateway, query, socketWanted, ended, take, setState, end } = deps;
  const ways = [...(socketWanted ? [socket] : []), sse, poll];
  let life = new AbortController();
  let ready = false;
  /** Seconds after which the goodbye told us to come back. */
  let restSeconds = 0;

  async function listen(way: Transport): Promise<void> {
    life = new AbortController();
    const wait = ready ? 25 : 0;
    ready = false;
    restSeconds = 0;
    let patience = way === poll ? POLL_MS : OPEN_MS;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const alive = () => {
      clearTimeout(timer);
      if (patience) timer = setTimeout(() => life.abort(), patience);
    };
    const begins = ({ heartbeatSeconds }: Frame) => {
      ready = true;
      setState("live");
      // Browsers hide a socket's pings from us.
      if (way !== poll) patience = way === sse ? (heartbeatSeconds as number) * 2_500 : 0;
      alive();
    };
    const hear = (frame: Frame) => {
      const { type, retry, reconnect } = frame;
      if (life.signal.aborted) return;
      if (type === "ready") begins(frame);
      if (type === "goodbye") {
        restSeconds = +(retry as string) / 1_000;
        if (!reconnect) gateway.renew();
      } else take(frame);
    };
    alive();
    try {
      await way(gateway, query(), hear, life.signal, wait, alive);
    } finally {
      clearTimeout(timer);
    }
  }

  async function lead(): Promise<void> {
    let step = 0;
    let since = 0;
    let failures = 0;
    while (!ended()) {
      if (Date.now() - since > LESSER_MS) step = 0;
      const way = ways[step] as Transport;
      const fault = await listen(way).catch((error: unknown) => error);
      if (ended()) return;
      if (ready) failures = 0;
      // A socket can't say why it was refused; the next way can. A stream that does not begin is held back on its way.
      else if (way === socket || life.signal.aborted) {
        step = (step + 1) % ways.length;
        since = Date.now();
      }
      await next(way, failures++, fault);
    }
  }

  async function next(way: Transport, failures: number, fault: unknown): Promise<void> {
    if (fault && isFinal(fault)) return end(fault);
    if (way === poll && !fault) return;
    setState("waiting");
    await rest(failures, restSeconds || (fault as DragomanError | undefined)?.restSeconds);
  }

  return {
    lead,
    again: () => life.abort(),
  };
}
