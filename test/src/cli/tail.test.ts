import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { tailCommand } from "../../../src/cli/tail.ts";
import { type EventBatch, encodeEvent } from "../../../src/streaming/encoded-event.ts";
import type { SubscribeRequest, SubscriberCallbacks, Tail } from "../../../src/streaming/subscriber.ts";

/** Runs `dragoman tail` on a log that tests write. Resolves `listening` with what was asked for. */
function tailing(...args: string[]) {
  const out: string[] = [];
  let interrupt: () => void = () => undefined;
  const interrupted = new Promise<void>((done) => {
    interrupt = done;
  });
  let isClosed = false;
  let isStopped = false;
  let subscribed: (asked: { request: SubscribeRequest; callbacks: SubscriberCallbacks }) => void = () => undefined;
  const listening = new Promise<Parameters<typeof subscribed>[0]>((done) => {
    subscribed = done;
  });
  const tail: Tail = {
    subscribe: async (request, callbacks) => {
      subscribed({ request, callbacks });
      return {
        position: () => "",
        stop: () => {
          isStopped = true;
        },
      };
    },
    healthy: () => true,
    close: async () => undefined,
  };
  const program = new Command("dragoman").exitOverride();
  tailCommand(
    program,
    async () => ({
      tail,
      canonicalId: (platform) => (platform === "smtp" ? "email" : platform),
      registry: { list: async () => [{ id: "app1", name: "shop", created: "", keys: [] }] },
      close: async () => {
        isClosed = true;
      },
    }),
    { out: (line) => out.push(line), say: (line) => out.push(line) },
    () => interrupted,
  );
  const ended = program.parseAsync(["tail", ...args], { from: "user" });
  return { out, interrupt, listening, ended, state: () => ({ isClosed, isStopped }) };
}

const batch = (...rids: readonly string[]): EventBatch => ({
  events: rids.map((rid) =>
    encodeEvent(
      "epoch",
      `${rid.slice(1)}-0`,
      JSON.stringify({
        type: "result",
        rid,
        platform: "email",
        verb: "send",
        status: "sent",
        actor: { address: "a" },
        target: [{ address: "b", status: "sent" }],
        published: "2030-01-01T00:00:00.000Z",
      }),
    ),
  ),
  bytes: () => Buffer.alloc(0),
});

describe("dragoman tail", () => {
  it("listens to what the options name, from now on", async () => {
    const { listening, interrupt, ended } = tailing("--type", "result", "status", "--platform", "smtp", "--actor", "a");
    expect((await listening).request).toEqual({
      app: "app1",
      after: "latest",
      filter: { types: ["result", "status"], platforms: ["email"], actors: ["a"] },
    });
    interrupt();
    await ended;
  });

  it("prints events as they come until it is interrupted, then leaves", async () => {
    const { out, listening, interrupt, ended, state } = tailing();
    const { callbacks } = await listening;
    await callbacks.onEvents(batch("r1"));
    await callbacks.onEvents(batch("r2"));
    expect(out).toEqual([expect.stringContaining("r1"), expect.stringContaining("r2")]);
    interrupt();
    await ended;
    expect(state()).toEqual({ isClosed: true, isStopped: true });
  });

  it("ends after a number of events, which are JSON with their cursors if asked", async () => {
    const { out, listening, ended } = tailing("--count", "2", "--json", "--all");
    const { callbacks, request } = await listening;
    expect(request.after).toBe("earliest");
    await callbacks.onEvents(batch("r1", "r2", "r3"));
    await ended;
    expect(out.map((line) => JSON.parse(line).cursor)).toEqual(["epoch.1-0", "epoch.2-0"]);
  });
});
