import type { Socket } from "node:net";

/** Network access for addresses that users name. The egress guard implements it. */
export interface Egress {
  /**
   * Sends an HTTP request, bounded in time, size and redirects.
   * Throws a permanent `Failure` `address-blocked` for private, loopback, link-local and metadata addresses unless the
   * operator allows them (setting ALLOW_PRIVATE).
   */
  readonly fetch: (url: string, init?: EgressInit) => Promise<EgressAnswer>;
  /** Opens a TCP connection. Throws like `fetch` for blocked addresses; connection errors are Node's own. */
  readonly connect: (
    host: string,
    port: number,
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ) => Promise<Socket>;
}

/** Options of one HTTP request. */
export interface EgressInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Bound of the body in bytes after decompression; default 5 MiB. */
  readonly maxBytes?: number;
  /** Default 3. Each hop is checked again; credentials are dropped when the host changes. */
  readonly maxRedirects?: number;
  /**
   * Receives the bytes of a 2xx response as they arrive, for streams.
   * The guard awaits each call, so a slow consumer slows the sender; an error thrown here ends the stream. `body` is then
   * empty, `timeoutMs` bounds each silence, and `maxBytes` counts for other statuses only.
   */
  readonly onChunk?: (chunk: Uint8Array) => void | Promise<void>;
}

/** Response to one HTTP request, after redirects. */
export interface EgressAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Address of the last hop. */
  readonly url: string;
}
