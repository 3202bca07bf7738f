import { imapNetwork } from "../../support/mailbox-network.ts";
import { connectionContract } from "./suite.ts";

connectionContract("mailboxes over IMAP", imapNetwork);
