import { expect, it } from "vitest";
import { admission } from "../../../routes/http/admission.ts";
import type { Problem } from "../../../routes/http/problem.ts";

const refusal = (deed: Promise<void>): Promise<Problem | undefined> =>
  deed.then(
    () => undefined,
    (problem: Problem) => problem,
  );

it.each([
  ["soft", "rate-limited", 429],
  ["hard", "overloaded", 503],
] as const)(
  "refuses new work with a time to come back when Redis runs %s on memory",
  async (pressure, code, status) => {
    const admit = admission({ rate: 100, redis: () => pressure, draining: () => false });
    const problem = await refusal(admit("app"));
    expect(problem).toMatchObject({ code, status });
    expect(problem?.words.retryAfter).toBeGreaterThan(0);
  },
);

it("holds each app to its rate, without the others", async () => {
  const admit = admission({ rate: 3, redis: () => "ok", draining: () => false });
  for (let i = 0; i < 3; i++) expect(await refusal(admit("noisy"))).toBeUndefined();
  expect(await refusal(admit("noisy"))).toMatchObject({ code: "rate-limited", words: { retryAfter: 1 } });
  expect(await refusal(admit("quiet"))).toBeUndefined();
});

it("refuses while draining, and closes the connection so that the next try goes elsewhere", async () => {
  const admit = admission({ rate: 3, redis: () => "ok", draining: () => true });
  expect(await refusal(admit("app"))).toMatchObject({
    code: "shutting-down",
    words: { headers: { Connection: "close" } },
  });
});
