import type { StandardError } from "./standard-errors.ts";

/** Node's codes for a certificate or TLS version that cannot be accepted. */
const CERTIFICATE = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO$|HOSTNAME_MISMATCH)/;
const TIMEOUT = new Set(["ETIMEDOUT", "ESOCKETTIMEDOUT", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT"]);
const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_STREAM_DESTROYED",
  "UND_ERR_SOCKET",
]);

/** Standard meaning of an error thrown by Node, with its code. */
export interface NodeErrorMeaning {
  readonly meaning: StandardError;
  readonly code: string;
}

/** Classifies aborts, time-outs, network and TLS errors of Node; everything else is `internal`. Never throws. */
export function nodeError(thrown: unknown): NodeErrorMeaning {
  const code = codeOf(thrown);
  const name = thrown instanceof Error ? thrown.name : "";
  if (CERTIFICATE.test(code)) return { meaning: "tls", code };
  if (TIMEOUT.has(code)) return { meaning: "timeout", code };
  if (UNREACHABLE.has(code)) return { meaning: "unreachable", code };
  if (name === "TimeoutError") return { meaning: "timeout", code };
  if (name === "AbortError" || code === "ABORT_ERR") return { meaning: "stopped", code: "" };
  return { meaning: "internal", code };
}

function codeOf(thrown: unknown): string {
  const code: unknown = typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,47}$/.test(code) ? code : "";
}
