import type { InboundMail } from "../schemas/inbound-mail.ts";

/** Returns the event's mail for a mail that could not be read. The app learns of the mail, and how to get its raw form. */
export function unreadableMail(reason: string, hint: string, size: number | undefined): InboundMail {
  const detail = `The mail was not read: ${reason}. ${hint}`;
  return {
    actor: { address: "<>" },
    object: {
      type: "message",
      truncated: true,
      error: { code: "platform-protocol-error", detail, retryable: false },
      ...(size === undefined ? {} : { size }),
    },
  };
}
