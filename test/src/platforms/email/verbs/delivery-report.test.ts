import { expect, it } from "vitest";
import { isDeliveryReport } from "../../../../../src/platforms/email/verbs/delivery-report.ts";

const status = { name: "status", mediaType: "message/delivery-status", content: Buffer.from("x") };

it("A mail is a delivery report when a program answers with a status, and not when somebody forwards one", () => {
  expect(isDeliveryReport({ headers: { "Auto-Submitted": "auto-replied" } }, [status])).toBe(true);
  expect(isDeliveryReport({ headers: { "auto-submitted": "auto-replied (failure)" } }, [status])).toBe(true);
  expect(isDeliveryReport({}, [status])).toBe(false);
  expect(isDeliveryReport({ headers: { "Auto-Submitted": "no" } }, [status])).toBe(false);
  expect(isDeliveryReport({ headers: { "Auto-Submitted": "auto-replied" } }, [])).toBe(false);
});
