import { Failure, toEventError } from "../../../model/failure.ts";
import { optional } from "../../../model/optional.ts";
import type { ConnectionContext, DeliveryReceipt } from "../../../platform/connection.ts";
import type { Bounce } from "./bounce.ts";
import type { MailReader } from "./mail-reader.ts";

/** Seconds for which a mail's delivery reports are assigned to the rid. Servers give up after five days. */
export const RECEIPT_TTL_SECONDS = 5 * 86_400;

/** Kinds of complaints (RFC 5965) by which a person objects to the mail. */
const OBJECTIONS = /^(abuse|fraud|opt-out)$/;

/** A mail to examine for a delivery report. */
interface InspectedMail {
  readonly source: Buffer;
}

/**
 * Publishes a delivery report (RFC 3464) to the app that sent the mail. The report itself is recorded all the
 * same, since anybody can write a report, and since a late report finds no rid any more; its contents go into the object.
 */
export function deliveryReports(
  connection: Pick<ConnectionContext<unknown>, "recordReceipt" | "signal">,
  reader: Pick<MailReader, "readReport">,
): (inspected: InspectedMail) => Promise<Record<string, unknown>> {
  return async ({ source }) => {
    const bounce = await reader.readReport(source, connection.signal);
    if (!bounce) return {};
    const { messageId, complaint } = bounce;
    const recipients = bounce.recipients.slice(0, 100);
    await publish(connection, bounce);
    return {
      email: {
        report: {
          ...(messageId === undefined ? {} : { id: messageId }),
          ...(complaint === undefined ? {} : { complaint }),
          recipients: recipients.map(({ address, action, status }) => ({ address, action, status })),
        },
      },
    };
  };
}

/** Publishes each recipient's receipt, and the complaint. */
async function publish(
  { recordReceipt }: Pick<ConnectionContext<unknown>, "recordReceipt">,
  { activityId, messageId, recipients, complaint, complainant }: Bounce,
): Promise<void> {
  // Without our own id the report may name the Message-ID that our server gave the mail.
  const id = activityId ?? messageId;
  if (id === undefined) return;
  for (const { address, action, status, detail, isGone = false } of recipients.slice(0, 100)) {
    const receipt = receiptOf(action, status, detail);
    if (receipt) await recordReceipt({ id, target: address, ...receipt, ...(isGone ? { isAddressGone: true } : {}) });
  }
  if (complaint !== undefined && OBJECTIONS.test(complaint))
    await recordReceipt({ id, complaint, ...optional("target", complainant) });
}

function receiptOf(
  action: string,
  status: string,
  detail: string,
): Pick<DeliveryReceipt, "status" | "error"> | undefined {
  if (action === "delivered" || action === "relayed" || action === "expanded") return { status: "delivered" };
  if (action !== "failed") return undefined;
  const failure = new Failure({
    kind: "permanent",
    code: codeOf(status),
    detail: "The mail bounced: a server could not deliver it.",
    platformCode: `${status} ${detail}`
      .replaceAll(/\p{Cc}+/gu, " ")
      .trim()
      .slice(0, 300),
  });
  return { status: "failed", error: toEventError(failure) };
}

/** Maps an enhanced status code (RFC 3463) to an error code. */
function codeOf(status: string): string {
  if (/^[45]\.2\.3$|^[45]\.3\.4$/.test(status)) return "content-too-large";
  if (/^5\.1\.[78]$/.test(status)) return "permission-denied";
  if (/^[45]\.1\./.test(status)) return "recipient-unknown";
  if (/^[45]\.[24]\./.test(status)) return "recipient-not-reachable";
  if (/^[45]\.7\./.test(status)) return "policy-refused";
  return /^[45]\.6\./.test(status) ? "content-refused" : "platform-rejected";
}
