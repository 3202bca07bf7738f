import type { Egress } from "../platform/platform.ts";
import { addressCheck, insideCheck } from "./address-rules.ts";
import { dialer, type Resolve } from "./dial.ts";
import { egressFetch } from "./fetch.ts";

export interface EgressSettings {
  /** CIDR list of networks that users' addresses may name although they are not public (setting ALLOW_PRIVATE). */
  readonly allowPrivate: readonly string[];
  /** True: those networks and nothing else, not even public addresses. */
  readonly insideOnly?: boolean;
  /** Another way to resolve names; for tests. */
  readonly resolve?: Resolve;
  /** PEM of a further authority for https; for tests and intranets. */
  readonly ca?: string;
}

/**
 * The egress guard: the only door to addresses that users name (promise of docs/security: no request of theirs reaches an
 * internal service). Takes no proxy from the environment. `close` ends its idle connections.
 */
export function egress(settings: EgressSettings): Egress & { readonly close: () => Promise<void> } {
  const check = settings.insideOnly ? insideCheck : addressCheck;
  const dial = dialer(check(settings.allowPrivate), settings.resolve);
  const { fetch, close } = egressFetch(dial, settings.ca);
  return { fetch, connect: dial, close };
}
