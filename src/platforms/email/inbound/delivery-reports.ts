import { Failure, toEventError } from "../../../model/failure.ts";
import type { ConnectionContext, DeliveryReceipt } from "../../../platform/connection.ts";
import type { ReadMail } from "../client/imap/mail.ts";
import { readBounce } from "./bounce.ts";

/** Seconds for which a mail's delivery reports find their way to its rid: servers give up after five days. */
export const TRACE_SECONDS = 5 * 86_400;
const ROBOT = /^(mailer-daemon|postmaster)@/i;

/** What of a mail tells whether it is a report. */
type Inspected = Pick<ReadMail, "source" | "mail"> & { readonly parts: Pick<ReadMail["parts"], "report"> };

/**
 * Tells the app what a delivery report (RFC 3464) says of a mail that it sent. The report itself arrives all the same, since
 * anybody can write one, and since a late one finds no rid any more; what it says stands in its object.
 */
export function reportsOf(
  context: Pick<ConnectionContext<unknown>, "recordReceipt">,
): (read: Inspected) => Promise<Record<string, unknown>> {
  return async ({ source, parts, mail }) => {
    if (!parts.report && !ROBOT.test(mail.actor.address)) return {};
    const bounce = readBounce(source);
    if (!bounce) return {};
    const { activityId, messageId, recipients } = bounce;
    const known = recipients.slice(0, 100);
    for (const { address, action, status, detail } of known) {
      const report = reportOf(action, status, detail);
      if (activityId !== undefined && report)
        await context.recordReceipt({ id: activityId, target: address, ...report });
    }
    return {
      report: {
        ...(messageId === undefined ? {} : { id: messageId }),
        recipients: known.map(({ address, action, status }) => ({ address, action, status })),
      },
    };
  };
}

function reportOf(
  action: string,
  status: string,
  detail: string,
): Pick<DeliveryReceipt, "status" | "error"> | undefined {
  if (action === "delivered" || action === "relayed" || action === "expanded") return { status: "delivered" };
  if (action !== "failed") return undefined;
  const failure = new Failure({
    kind: "permanent",
    code: codeOf(status),
    detail: "The mail came back: a server on its way could not deliver it.",
    platformCode: `${status} ${detail}`
      .replaceAll(/\p{Cc}+/gu, " ")
      .trim()
      .slice(0, 300),
  });
  return { status: "failed", error: toEventError(failure) };
}

/** By the enhanced status code (RFC 3463). */
function codeOf(status: string): string {
  if (/^5\.1\./.test(status)) return "recipient-unknown";
  if (/^5\.2\.3$|^5\.3\.4$/.test(status)) return "content-too-large";
  if (/^5\.2\./.test(status)) return "recipient-not-reachable";
  if (/^5\.7\./.test(status)) return "policy-refused";
  return /^5\.6\./.test(status) ? "content-refused" : "platform-rejected";
}
