import { Failure } from "../model/failure.ts";
import { addressBlocked } from "./address-rules.ts";

/** Faults that happen before a request has left: nothing can have been changed by it. */
const BEFORE_THE_REQUEST =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$|^CERT_|_CERT|^ERR_TLS_|^ERR_SSL_|^UNABLE_TO_/;
const CERTIFICATE = /^CERT_|_CERT|^ERR_TLS_|^ERR_SSL_|^UNABLE_TO_|^EPROTO$/;

/**
 * Classifies the error of a guarded fetch. `changes`: the method may have had an effect, so a break after the request left is
 * `mayHaveLanded`. The caller's own abort is passed on as it is.
 */
export function fetchFailure(
  thrown: unknown,
  work: { readonly changes: boolean; readonly aborted: AbortSignal | undefined },
): unknown {
  if (work.aborted?.aborted) return work.aborted.reason;
  const chain = causes(thrown);
  const failure = chain.find((error) => error instanceof Failure);
  if (failure) return failure;
  // The fetch standard's list of ports that belong to other protocols (mail, Redis …); undici gives it no code.
  if (chain.some((error) => error instanceof Error && error.message === "bad port")) {
    return addressBlocked("The port belongs to another protocol than the web's.");
  }
  const codes = chain.map(codeOf).filter((code) => code !== undefined);
  const mayHaveLanded = work.changes && !codes.some((code) => BEFORE_THE_REQUEST.test(code));
  const timedOut = chain.some((error) => error instanceof DOMException && error.name === "TimeoutError");
  const platformCode = codes.find((code) => /^[A-Z0-9_]{3,64}$/.test(code));
  const certificate = codes.some((code) => CERTIFICATE.test(code));
  const [code, detail] = certificate
    ? ["tls-failed", "The server's certificate or TLS version can't be accepted."]
    : timedOut || codes.includes("ETIMEDOUT")
      ? ["platform-timeout", "The server did not answer in time."]
      : ["platform-unavailable", "The server can't be reached or broke the connection."];
  return new Failure({
    kind: certificate ? "permanent" : "retryable",
    code: code as string,
    detail: detail as string,
    mayHaveLanded,
    ...(platformCode === undefined ? {} : { platformCode }),
    cause: thrown,
  });
}

function causes(thrown: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let error = thrown; error !== undefined && error !== null && chain.length < 8; ) {
    chain.push(error);
    error = error instanceof Error ? error.cause : undefined;
  }
  return chain;
}

function codeOf(error: unknown): string | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}
