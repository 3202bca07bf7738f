import { expect, it, vi } from "vitest";
import { Problem } from "../../../routes/http/problem.ts";
import type { Caller } from "../../../src/model/caller.ts";
import { type SubmitDeps, submission } from "../../../src/operations/submit-activity.ts";

it("answers a refusal without an error in the log: a caller must not be able to fill it", async () => {
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const admit = () => Promise.reject(new Problem("rate-limited", "Later."));
  const { submit } = submission({ admit, log } as unknown as SubmitDeps);
  expect(await submit({ app: "a" } as Caller, {})).toMatchObject({ ok: false, problem: { code: "rate-limited" } });
  expect(log.error).not.toHaveBeenCalled();
});
