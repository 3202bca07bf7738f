import { EventEmitter, once } from "node:events";
import { setImmediate } from "node:timers/promises";
import type { AccountOwnership, OwnedAccount } from "../../src/accounts/account-ownership.ts";
import { type ShardConnections, shardConnections } from "../../src/connections/shard-connections.ts";
import { accountId } from "../../src/model/account-id.ts";
import { Failure } from "../../src/model/failure.ts";
import { silentLog } from "../../src/model/log.ts";
import type { ConnectionContext } from "../../src/platform/connection.ts";
import { fairSemaphore } from "../../src/platform/kit/semaphore.ts";
import { definePlatform, type Platform } from "../../src/platform/platform.ts";
import { noEgress } from "./gateway-core.ts";

/** Connection attempt of the platform, and control over its end. */
export interface ConnectAttempt {
  readonly context: ConnectionContext<{ readonly version: string }>;
  /** Lets the attempt succeed or fail. */
  readonly answer: (result: "in" | Failure) => void;
}

export const APP = "app";
export const ADDRESS = "a";

/**
 * Runs the connections of one shard. The test controls the stored account and the network. Uses no Redis and no socket.
 */
export function connectionHarness({
  online = true,
  state = "stored",
  letsIn = true,
  dialled = 50,
  log = silentLog,
} = {}) {
  const changes = new EventEmitter().setMaxListeners(0);
  const record = { platform: "fake", address: ADDRESS, version: "1", online, state };
  const id = accountId("fake", ADDRESS);
  const published: string[] = [];
  const attempts: ConnectAttempt[] = [];
  const live = new Set<ConnectAttempt>();
  const faults: {
    claim?: () => Promise<void>;
    credentials?: () => Promise<void>;
    publish?: (state: string) => Promise<void>;
    record?: (key: string) => Promise<void>;
  } = {};
  let there = true;

  const ownership: AccountOwnership = {
    claim: async () => {
      await faults.claim?.();
      return there ? { ...record } : undefined;
    },
    publishState: async (_holder, event, silently, version) => {
      await faults.publish?.(event.state);
      if (version !== undefined && version !== record.version) return false;
      record.state = event.state;
      if (!silently) published.push(event.state);
      changes.emit("change");
      return true;
    },
    connectionState: () => ({ read: async () => ({}), write: async () => undefined }),
    sealedState: () => ({ read: async () => ({}), write: async () => undefined }),
    desiredOnline: async () => (record.online && there ? [{ app: APP, id }] : []),
  };
  const verb = { summary: "", schema: {}, example: {}, run: async () => ({ outcomes: [] }) };
  const platform: Platform = definePlatform<ConnectAttempt, never>({
    id: "fake",
    title: "Fake",
    needsAccount: true,
    lifetimeSeconds: 60,
    verbs: { go: verb, connect: verb, disconnect: { ...verb, runsOffline: true } } as never,
    connect: (connectionContext) =>
      new Promise<ConnectAttempt>((resolve, reject) => {
        const dial: ConnectAttempt = {
          context: connectionContext as never,
          answer: (result) => {
            if (result !== "in") return reject(result);
            live.add(dial);
            resolve(dial);
            changes.emit("change");
          },
        };
        attempts.push(dial);
        const over = () => {
          live.delete(dial);
          reject(new Error("aborted"));
          changes.emit("change");
        };
        if (connectionContext.signal.aborted) return over();
        connectionContext.signal.addEventListener("abort", over, { once: true });
        changes.emit("change");
        if (letsIn) dial.answer("in");
      }),
    classifyError: (thrown) =>
      new Failure({ kind: "retryable", code: "platform-unavailable", detail: "It broke.", cause: thrown }),
  });
  const connections: ShardConnections = shardConnections({
    ownership,
    shard: 0,
    fence: 1,
    log,
    accounts: {
      credentialsOf: async () => {
        const { version } = record;
        await faults.credentials?.();
        return { id, version, credentials: { version } };
      },
      update: async () => undefined,
    },
    record: async (_app, { key }) => {
      await faults.record?.(key);
      return "new";
    },
    recordReceipt: async () => undefined,
    egress: noEgress,
    connecting: fairSemaphore(dialled),
    find: () => platform,
    random: () => 0,
    checkMs: 3_600_000,
  });

  return {
    record: record as { -readonly [Name in keyof OwnedAccount]: OwnedAccount[Name] },
    published,
    dials: attempts,
    /** Connections that are open. */
    live,
    faults,
    connections,
    until: async (fits: () => boolean) => {
      while (!fits()) await once(changes, "change", { signal: AbortSignal.timeout(10_000) });
    },
    /** Resolves when there is no connection left. */
    empty: async () => {
      for (const ends = Date.now() + 10_000; connections.size() > 0; await setImmediate()) {
        if (Date.now() > ends) throw new Error("a connection did not end");
      }
    },
    /** As `PUT /accounts`. */
    put: (version: string, isOnline = record.online) => {
      Object.assign(record, { version, online: isOnline, state: "stored" });
      connections.notifyAccountChanged(APP, id);
    },
    /** As `DELETE /accounts/{id}`. */
    remove: () => {
      there = false;
      connections.notifyAccountChanged(APP, id);
    },
    notifyChanged: () => connections.notifyAccountChanged(APP, id),
    use: <T>(verb: string, work: () => Promise<T>, signal = new AbortController().signal) =>
      connections.use(platform, { app: APP, address: ADDRESS, verb, signal }, work),
  };
}

/** Creates a gate that the test opens. `reached` resolves when a caller waits at the gate. */
export function barrier() {
  let open: () => void = () => undefined;
  let reach: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return {
    open: () => open(),
    reached,
    wait: () => {
      reach();
      return opened;
    },
  };
}

export const credentialsFailure = (): Failure =>
  new Failure({ kind: "auth", code: "credentials-invalid", detail: "The password is wrong." });
export const networkFailure = (): Failure =>
  new Failure({ kind: "retryable", code: "platform-unavailable", detail: "It broke." });
