import { expect, it } from "vitest";
import { refuseLarge } from "../../../routes/http/body-limit.ts";

it("counts by item, and leaves a list of none to be told so", () => {
  expect(() => refuseLarge([], 2)).not.toThrow();
  expect(() => refuseLarge([{}, {}], 128 * 1024)).not.toThrow();
  expect(() => refuseLarge([{}], 128 * 1024)).toThrow("64 kB");
});
