import type { Egress } from "../../../platform/platform.ts";
import type { Login } from "../credentials.ts";

/** Address and login of a mailbox, the same for IMAP and POP3. */
export interface MailboxEndpoint {
  /** Connection through the egress guard. */
  readonly connect: Egress["connect"];
  readonly host: string;
  readonly port: number;
  /** `starttls` is mandatory: without encryption no login is sent. */
  readonly tls: "implicit" | "starttls" | "none";
  /** PEM of a private authority. */
  readonly ca?: string | undefined;
  readonly login: Login;
}
