import type { DragomanError as Declared, Options, Purpose } from "../dragoman.d.ts";

export class DragomanError extends Error implements Declared {
  declare readonly status: number;
  declare readonly problem: Declared["problem"];
  /** Seconds after which the gateway asks to be tried again, else 0. */
  declare readonly restSeconds: number;
  constructor(status: number, problem?: Declared["problem"], restSeconds = 0) {
    super(problem?.detail ?? `Answered ${status}.`);
    Object.assign(this, { status, problem, restSeconds });
  }
}

/** A fetch in the user's name that renews an ended token once. Rejects with `DragomanError`, or as `fetch` does. */
export type Call = (path: string, purpose: Purpose, init?: Init) => Promise<Response>;
export type Init = Omit<RequestInit, "headers"> & { readonly headers?: Readonly<Record<string, string>> };

/** Asks the gateway in the user's name. */
export interface Requests {
  readonly call: Call;
  /** The address of a socket, with a ticket where `token` gives one. */
  readonly socketAddress: (path: string) => Promise<string>;
  /** The token that is known has ended. */
  readonly renew: () => void;
}

/** True when asking again can't help: the gateway itself refuses. */
export function isFinal(error: unknown): error is DragomanError {
  const { problem, status } = error as DragomanError;
  return !!problem && status < 500 && status !== 429;
}

export function requests({ token }: Options, base: string): Requests {
  let known: string | undefined;
  let stale = true;
  const renew = () => {
    stale = true;
  };
  const tokenFor = async (purpose: Purpose) => {
    if (!stale) return known;
    const text = (await token?.(purpose)) || "";
    known = text;
    stale = !!ticketIn(text);
    return text;
  };
  /** A ticket opens one stream or socket, and sends nothing. */
  const ticketIn = (text = "") => (text.startsWith("dgt_") ? `&ticket=${text}` : "");
  const refusal = async (response: Response) => {
    const { status, headers } = response;
    const problem = await response.json().catch(() => status < 300 && { code: "unauthenticated" });
    return new DragomanError(status, problem.code && problem, Number(headers.get("Retry-After")));
  };

  return {
    renew,
    call: async (path, purpose, init) => {
      for (let again = !!token; ; again = false) {
        const text = await tokenFor(purpose);
        const ticket = purpose === "send" ? "" : ticketIn(text);
        const headers = { ...init?.headers, ...(text && !ticket && { Authorization: `Bearer ${text}` }) };
        const response = await fetch(base + path + ticket, { ...init, headers, credentials: "include" });
        const { ok, status } = response;
        // A stream's token that was right once is a 204.
        const ended = status === 204 || status === 401;
        if (ok && !ended) return response;
        if (ended) renew();
        if (!ended || !again) throw await refusal(response);
      }
    },
    socketAddress: async (path) =>
      new URL(base + path + ticketIn(await tokenFor("socket")), location.href).href.replace("http", "ws"),
  };
}
