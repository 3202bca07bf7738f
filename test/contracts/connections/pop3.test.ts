import { pop3Network } from "../../support/mailbox-network.ts";
import { connectionContract } from "./suite.ts";

connectionContract("mailboxes over POP3", pop3Network);
