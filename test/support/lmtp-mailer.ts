import nodemailer from "nodemailer";

/** Delivers mails to a Dovecot by LMTP, raw or made with that subject. */
export function lmtpMailer(port: number) {
  const lmtp = nodemailer.createTransport({ host: "127.0.0.1", port, lmtp: true, ignoreTLS: true });
  return {
    put: async (user: string, mail: string | Buffer): Promise<void> => {
      const envelope = { from: "alice@example.test", to: [`${user}@example.test`] };
      const raw = typeof mail === "string" ? simple(user, mail) : mail;
      await lmtp.sendMail({ envelope, raw });
    },
    close: () => lmtp.close(),
  };
}

let sequence = 0;
function simple(user: string, subject: string): Buffer {
  sequence += 1;
  return Buffer.from(
    [
      "From: Alice <alice@example.test>",
      `To: ${user}@example.test`,
      `Subject: ${subject}`,
      `Message-ID: <made-${process.pid}-${sequence}@example.test>`,
      `Date: ${new Date().toUTCString()}`,
      "",
      `body of ${subject}`,
      "",
    ].join("\r\n"),
  );
}
