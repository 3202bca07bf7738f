import { expect, it } from "vitest";
import type { ConnectionParts } from "../../../../src/connections/connection-parts.ts";
import type { Disconnecting } from "../../../../src/connections/connection-state.ts";
import { disconnect } from "../../../../src/connections/states/disconnect.ts";
import { Failure } from "../../../../src/model/failure.ts";
import { silentLog } from "../../../../src/model/log.ts";

it("work and app hear that a refusal is final, although work waited through it before", async () => {
  const published: unknown[] = [];
  const statuses: unknown[] = [];
  const parts = {
    access: { set: (status: unknown) => statuses.push(status) },
    backoff: { failed: () => 1_000, reset: () => undefined },
    evidence: { judge: async () => ({ verdict: "final", isNew: true }) },
    login: { refused: () => undefined, version: "1" },
    publisher: {
      publish: async (_account: unknown, state: string, { kind }: Failure) => published.push([state, kind]),
    },
    log: silentLog,
    owner: { app: "app1", id: "acc1" },
  } as unknown as ConnectionParts;
  const detail = "The token server refuses.";
  const failure = new Failure({ kind: "retryable", code: "platform-rejected", detail, platformCode: "401" });
  const link = { closed: Promise.resolve(), attempt: { ended: Promise.resolve(failure) } };
  await disconnect(parts, { name: "disconnecting", account: { platform: "email" }, link } as unknown as Disconnecting);
  expect(published).toEqual([["needs-login", "auth"]]);
  expect(statuses.at(-1)).toMatchObject({
    kind: "refused",
    failure: { kind: "auth", code: "platform-rejected", platformCode: "401" },
  });
});
