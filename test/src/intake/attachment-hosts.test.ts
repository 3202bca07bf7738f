import { expect, it } from "vitest";
import { addressCheck } from "../../../src/egress/address-rules.ts";
import { attachmentErrors } from "../../../src/intake/attachment-hosts.ts";

const faultsOf = (url: string, allow: readonly string[] = []) =>
  attachmentErrors({ object: { attachments: [{ name: "a" }, { name: "b", url }] } }, addressCheck(allow));

it.each([
  "http://127.0.0.1:8000/metrics",
  "http://0x7f.1/",
  "http://2130706433/",
  "http://[::1]/",
  "http://[::ffff:7f00:1]/",
  "http://169.254.169.254/latest",
  "https://10.1.2.3/",
  "http://localhost/",
  "http://a.localhost./",
  "https://user:secret@example.org/",
  "https://[",
])("refuses %s with a pointer, without repeating it", (url) => {
  const [fault, ...more] = faultsOf(url);
  expect(more).toEqual([]);
  expect(fault?.pointer).toBe("/object/attachments/1/url");
  expect(fault?.detail).not.toContain("secret");
});

it("accepts public addresses, names, and networks that the operator allows", () => {
  expect(faultsOf("https://example.org/a.pdf")).toEqual([]);
  expect(faultsOf("http://93.184.215.14/a.pdf")).toEqual([]);
  expect(faultsOf("http://localhost/a.pdf", ["127.0.0.0/8"])).toEqual([]);
  expect(faultsOf("http://10.1.2.3/a.pdf", ["10.0.0.0/8"])).toEqual([]);
});
