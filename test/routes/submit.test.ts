import { expect, it, vi } from "vitest";
import { Problem } from "../../routes/problem.ts";
import { type SubmitDeps, submission } from "../../routes/submit.ts";
import type { Caller } from "../../src/apps/caller.ts";

it("answers a refusal without an error in the log: a caller must not be able to fill it", async () => {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const admit = () => Promise.reject(new Problem("rate-limited", "Later."));
  const { submit } = submission({ admit, log } as unknown as SubmitDeps);
  expect(await submit({ app: "a" } as Caller, {})).toMatchObject({ ok: false, problem: { code: "rate-limited" } });
  expect(log.error).not.toHaveBeenCalled();
});
