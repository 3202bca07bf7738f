import { associatedData } from "../crypto/associated-data.ts";
import type { Keyring } from "../crypto/keyring.ts";
import type { SessionEvent } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";
import type { ConnectionState } from "../platform/connection.ts";
import { anyExists } from "../redis/any-exists.ts";
import type { RedisClient } from "../redis/connect.ts";
import { epochGenerator } from "../redis/epoch-generator.ts";
import { keys } from "../redis/keys.ts";
import { luaScript, oneOf } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";

/** An account as the worker that connects it sees it. */
export interface OwnedAccount {
  readonly platform: string;
  readonly address: string;
  /** Version of the credentials. */
  readonly version: string;
  /** True: stay connected while idle. */
  readonly online: boolean;
  readonly state: string;
  /** Reason of a bad state. */
  readonly error?: EventError;
}

/** The account that a worker owns, and the fence of the shard's lease. */
export interface Owner {
  readonly app: string;
  readonly id: string;
  readonly fence: number;
}

/** Thrown when another worker has taken over the account. Late writes of this worker must not be seen. */
export class OwnershipLost extends Error {
  constructor() {
    super("another worker owns this account now");
    this.name = "OwnershipLost";
  }
}

/** State of accounts, writable only by their owner. */
export interface AccountOwnership {
  /** Claims an account under the shard's fence; undefined for a missing account. Throws `OwnershipLost`. */
  readonly claim: (owner: Owner) => Promise<OwnedAccount | undefined>;
  /**
   * Stores the state of the connection and appends the event, unless `silently`.
   * With a `version`, only while the account has these credentials; returns whether the state was stored. Throws
   * `OwnershipLost`.
   */
  readonly publishState: (owner: Owner, event: SessionEvent, silently: boolean, version?: string) => Promise<boolean>;
  readonly connectionState: (owner: Owner) => ConnectionState;
  /** Connection state with each value sealed to the workers' key. */
  readonly sealedState: (owner: Owner) => ConnectionState;
  /** Returns the accounts of a shard that should be connected. */
  readonly desiredOnline: (shard: number) => Promise<ReadonlyArray<{ readonly app: string; readonly id: string }>>;
}

const CLAIM = luaScript(new URL("./scripts/claim-account.lua", import.meta.url), {
  keys: ["account"],
  args: ["fence"],
  reply: (raw) => raw as Array<string | null>,
});
const PUBLISH_STATE = luaScript(new URL("./scripts/publish-state.lua", import.meta.url), {
  keys: ["account", "log", "epoch"],
  args: ["fence", "state", "stateError", "event", "credentialsVersion", "nextEpoch", "eventsKept"],
  reply: oneOf("taken", "outdated", "published"),
});
const WRITE_STATE = luaScript(new URL("./scripts/write-connection-state.lua", import.meta.url), {
  keys: ["account", "connectionState"],
  args: ["fence", "field", "values..."],
  reply: oneOf("taken", "written"),
});

/** Returns the associated data of one sealed value of an account's connection state. */
export function sealedStateData(app: string, id: string, name: string): Buffer {
  return associatedData("note", app, id, name);
}

export interface AccountOwnershipDeps {
  readonly redis: RedisClient;
  readonly keyring: Keyring;
  readonly eventsKept: number;
}

/** Keeps ownership in Redis; every write is one script and one round trip. */
export function accountOwnership({ redis, keyring, eventsKept }: AccountOwnershipDeps): AccountOwnership {
  const run = scriptRunner(redis, { claim: CLAIM, publishState: PUBLISH_STATE, writeState: WRITE_STATE });
  const nextEpoch = epochGenerator();

  async function writeState(owner: Owner, stateKey: string, field: string, value?: string): Promise<void> {
    const { app, id, fence } = owner;
    const scriptKeys = { account: keys.account(app, id), connectionState: stateKey };
    const values = value === undefined ? [] : [value];
    assertOwner(await run.writeState({ keys: scriptKeys, args: { fence, field, values } }));
  }

  return {
    async claim({ app, id, fence }) {
      const record = await run.claim({ keys: { account: keys.account(app, id) }, args: { fence } });
      const [platform, address, version, online, state, error] = record;
      assertOwner(platform);
      if (!platform || !address || !version) return undefined;
      const reason = error ? { error: JSON.parse(error) as EventError } : {};
      return { platform, address, version, online: online === "1", state: state ?? "stored", ...reason };
    },

    async publishState({ app, id, fence }, event, silently, version = "") {
      const published = await run.publishState({
        keys: { account: keys.account(app, id), log: keys.log(app), epoch: keys.epoch(app) },
        args: {
          fence,
          state: event.state,
          stateError: event.error === undefined ? "" : JSON.stringify(event.error),
          event: silently ? "" : JSON.stringify(event),
          credentialsVersion: version,
          nextEpoch: nextEpoch(),
          eventsKept,
        },
      });
      assertOwner(published);
      return published === "published";
    },

    connectionState: (owner) => {
      const stateKey = keys.connectionState(owner.app, owner.id);
      return { read: () => redis.hgetall(stateKey), write: (name, value) => writeState(owner, stateKey, name, value) };
    },

    sealedState: (owner) => {
      const stateKey = keys.sealedState(owner.app, owner.id);
      const write: ConnectionState["write"] = (name, value) => writeState(owner, stateKey, name, value);
      return sealedBy(keyring, owner, { read: () => redis.hgetall(stateKey), write });
    },

    async desiredOnline(shard) {
      const names = keys.tags.map((tag) => keys.desiredOnline(tag, shard));
      if (!(await anyExists(redis, names))) return [];
      const lists = await Promise.all(names.map((name) => redis.smembers(name)));
      return lists.flat().map((member) => {
        const separator = member.indexOf("|");
        return { app: member.slice(0, separator), id: member.slice(separator + 1) };
      });
    },
  };
}

/** Wraps connection state so that each value is sealed with its account and name. */
function sealedBy(keyring: Keyring, { app, id }: Owner, state: ConnectionState): ConnectionState {
  return {
    read: async () => {
      const sealed = Object.entries(await state.read());
      const opened = await Promise.all(
        sealed.map(async ([name, value]) => [name, await keyring.open(value, sealedStateData(app, id, name))] as const),
      );
      return Object.fromEntries(opened);
    },
    write: async (name, value) => {
      const sealed = value === undefined ? undefined : await keyring.seal(value, sealedStateData(app, id, name));
      return state.write(name, sealed);
    },
  };
}

function assertOwner(reply: string | null | undefined): void {
  if (reply === "taken") throw new OwnershipLost();
}
