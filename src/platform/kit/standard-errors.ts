import type { ErrorRow } from "../../model/failure.ts";

/** Standard meanings of a network's errors. Each has a kind, a stable code and a default sentence. */
export type StandardError =
  | "unreachable"
  | "unavailable"
  | "timeout"
  | "stopped"
  | "rate-limited"
  | "credentials-invalid"
  | "credentials-expired"
  | "restricted"
  | "tls"
  | "recipient-unknown"
  | "recipient-unreachable"
  | "permission"
  | "policy"
  | "content"
  | "content-too-large"
  | "duplicate"
  | "rejected"
  | "protocol-error"
  | "outcome-unknown"
  | "internal";

/** Returns the rows of all standard errors. `network` is the subject of their sentences, such as "The mail server". */
export function standardErrors(network: string): Readonly<Record<StandardError, ErrorRow>> {
  return {
    unreachable: ["retryable", "platform-unavailable", `${network} cannot be reached or closed the connection.`],
    unavailable: ["retryable", "platform-unavailable", `${network} is not available at the moment.`],
    timeout: ["retryable", "platform-timeout", `${network} did not answer in time.`],
    stopped: ["retryable", "platform-timeout", "The attempt was stopped before it was complete."],
    "rate-limited": ["rate-limited", "platform-rate-limited", `${network} limits the rate of requests.`],
    "credentials-invalid": ["auth", "credentials-invalid", `${network} refuses the login: store the account again.`],
    "credentials-expired": ["auth", "credentials-expired", "The login has expired: store the account again."],
    restricted: ["auth", "account-restricted", `${network} has restricted the account.`],
    tls: ["permanent", "tls-failed", `${network} offers no encryption that can be trusted; nothing was sent.`],
    "recipient-unknown": ["permanent", "recipient-unknown", `${network} knows no such recipient.`],
    "recipient-unreachable": ["permanent", "recipient-not-reachable", "The recipient cannot be reached right now."],
    permission: ["permanent", "permission-denied", "The account lacks the permission for this."],
    policy: ["permanent", "policy-refused", `The rules of ${lowerFirst(network)} forbid this.`],
    content: ["permanent", "content-refused", `${network} refuses the content.`],
    "content-too-large": [
      "permanent",
      "content-too-large",
      `The content is larger than ${lowerFirst(network)} accepts.`,
    ],
    duplicate: ["permanent", "duplicate-content", "The same content was posted before."],
    rejected: ["permanent", "platform-rejected", `${network} rejects the request.`],
    "protocol-error": ["retryable", "platform-protocol-error", `${network} sent an answer that cannot be understood.`],
    "outcome-unknown": [
      "retryable",
      "outcome-unknown",
      `The connection broke after the request was sent and before ${lowerFirst(network)} confirmed it.`,
    ],
    internal: ["retryable", "internal-error", "The gateway failed before anything was sent."],
  };
}

/** "The server" within a sentence; names such as "X" or "Facebook" keep their capital. */
function lowerFirst(network: string): string {
  return network.startsWith("The ") ? `the ${network.slice(4)}` : network;
}
