import { expect, it, vi } from "vitest";
import { submitItem } from "../../../routes/http/submit-items.ts";
import type { Caller } from "../../../src/model/caller.ts";
import { silentLog } from "../../../src/model/log.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { type SubmitDeps, submitActivity } from "../../../src/operations/submit-activity.ts";

it("a refusal writes no error to the log, which callers could fill", async () => {
  const log = { ...silentLog, error: vi.fn() };
  const admit = () => Promise.reject(new Refusal("rate-limited", "Later."));
  const submit = submitActivity({ admit, log } as unknown as SubmitDeps);
  const answer = await submitItem({ submit, log }, { app: "a" } as Caller, {});
  expect(answer).toMatchObject({ ok: false, problem: { code: "rate-limited" } });
  expect(log.error).not.toHaveBeenCalled();
});
