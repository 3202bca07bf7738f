/** An activity, as the gateway takes it. */
export interface Activity {
  readonly rid?: string | number;
  readonly platform: string;
  readonly verb: string;
  readonly [field: string]: unknown;
}

/** An event of the log: a `result`, `status`, `activity` or `session`. Ignore unknown types and fields. */
export interface DragomanEvent {
  readonly type: string;
  readonly cursor: string;
  readonly rid?: string | number;
  readonly platform?: string;
  readonly verb?: string;
  readonly status?: string;
  readonly [field: string]: unknown;
}

/** The one outcome of an activity. */
export interface Result extends Omit<DragomanEvent, "cursor"> {
  readonly type: "result";
  readonly rid: string | number;
  readonly status: "sent" | "failed" | "partial" | "expired" | "cancelled" | "unknown";
}

/** What lies between is not kept any more: fetch the state that you need another way. */
export interface Gap {
  readonly requested: string | null;
  readonly earliest: string;
  readonly latest: string;
}

/**
 * `connecting` at first, `live`, `waiting` for the next try after a break, `ended` for good: by `close()`, or because
 * the gateway refuses the token that `token` gave.
 */
export type State = "connecting" | "live" | "waiting" | "ended";

/** What a token is wanted for. */
export type Purpose = "stream" | "socket" | "send";

export interface Options {
  /** The gateway's address with its base path; `/gateway` unless said. */
  readonly url?: string;
  /**
   * Gives a listener token, or a ticket (`dgt_…`) for a stream or socket; or nothing, when it has (re)newed the cookie
   * `dragoman_token`. Called at the start, whenever the gateway says that the last one has ended, and for each ticket.
   * Left out: the cookie alone.
   */
  readonly token?: (purpose: Purpose) => Promise<string | undefined>;
  /** Begin after this cursor, or `earliest`; else with what happens from now on. */
  readonly after?: string;
  /** Lets only these through: `type`, `platform`, `actor`, `rid`; a list of pairs repeats one. */
  readonly filter?: Readonly<Record<string, string>> | string[][];
  /** `sse` unless said; a socket that can't be opened falls back to it. */
  readonly transport?: "sse" | "socket";
  /**
   * Tabs of this origin with the same name share one connection; give users and filters different ones. Made of `url`
   * and `filter` unless said; `false`: a connection for this tab alone.
   */
  readonly share?: string | false;
  readonly onevent?: (event: DragomanEvent) => void;
  readonly ongap?: (gap: Gap) => void;
  readonly onstate?: (state: State, error?: DragomanError) => void;
}

/** A connection to the gateway, perhaps through another tab. */
export interface Dragoman {
  readonly state: State;
  /** How far was read; for `after` of a later page. */
  readonly cursor: string | undefined;
  /**
   * Sends an activity, again and again until the gateway has it (which does it once), and resolves with what became of
   * it; `status` says whether it was sent. Rejects with `DragomanError` when it is refused or the connection is closed.
   */
  readonly send: (activity: Activity) => Promise<Result>;
  readonly close: () => void;
}

/** A refusal of the gateway. */
export declare class DragomanError extends Error {
  /** HTTP status, or the close code of a socket. */
  readonly status: number;
  /** The problem document (RFC 9457), when there is one. */
  readonly problem:
    | {
        readonly code: string;
        readonly detail: string;
        readonly errors?: ReadonlyArray<{ readonly pointer: string; readonly detail: string }>;
      }
    | undefined;
}

/** Connects, and stays connected until `close()`. */
export declare function connect(options?: Options): Dragoman;
