import { expect, it } from "vitest";
import { problemOf } from "../../../routes/http/problem.ts";
import { Refusal } from "../../../src/model/refusal.ts";
import { admission } from "../../../src/operations/admission.ts";

const refusal = (admitted: Promise<void>): Promise<Refusal | undefined> =>
  admitted.then(
    () => undefined,
    (thrown: Refusal) => thrown,
  );

it.each([
  ["soft", "rate-limited", 429],
  ["hard", "overloaded", 503],
] as const)(
  "admission refuses new work with a retry time when Redis runs %s on memory",
  async (pressure, code, status) => {
    const { admit } = admission({ rate: 100, redis: () => pressure, draining: () => false });
    const refused = await refusal(admit("app"));
    expect(refused).toBeInstanceOf(Refusal);
    const problem = problemOf(refused);
    expect(problem).toMatchObject({ code, status });
    expect(problem.options.retryAfter).toBeGreaterThan(0);
  },
);

it("admission limits the rate of each app separately", async () => {
  const { admit } = admission({ rate: 3, redis: () => "ok", draining: () => false });
  for (let i = 0; i < 3; i++) expect(await refusal(admit("noisy"))).toBeUndefined();
  expect(await refusal(admit("noisy"))).toMatchObject({ code: "rate-limited", retryAfter: 1 });
  expect(await refusal(admit("quiet"))).toBeUndefined();
});

it("admission holds each token's user to a part of the app's rate, without the app and other users", async () => {
  const { admit } = admission({ rate: 200, redis: () => "ok", draining: () => false });
  for (let i = 0; i < 20; i++) expect(await refusal(admit("app", "sub:page"))).toBeUndefined();
  for (let i = 0; i < 200; i++) {
    expect(await refusal(admit("app", "sub:page"))).toMatchObject({ code: "rate-limited", retryAfter: 1 });
  }
  expect(await refusal(admit("app", "sub:other"))).toBeUndefined();
  expect(await refusal(admit("other", "sub:page"))).toBeUndefined();
  for (let i = 0; i < 179; i++) expect(await refusal(admit("app"))).toBeUndefined();
});

it("admission refuses while draining, and closes the connection so that a retry reaches another node", async () => {
  const { admit } = admission({ rate: 3, redis: () => "ok", draining: () => true });
  expect(problemOf(await refusal(admit("app")))).toMatchObject({
    code: "shutting-down",
    options: { headers: { Connection: "close" } },
  });
});
