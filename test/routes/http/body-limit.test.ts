import { expect, it } from "vitest";
import { checkBodySize } from "../../../routes/http/body-limit.ts";

it("counts by item, and leaves a list of none to be told so", () => {
  expect(() => checkBodySize([], 2)).not.toThrow();
  expect(() => checkBodySize([{}, {}], 128 * 1024)).not.toThrow();
  expect(() => checkBodySize([{}], 128 * 1024)).toThrow("64 kB");
});
