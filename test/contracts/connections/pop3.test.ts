import { pop3World } from "../../support/imap-world.ts";
import { heldContract } from "./suite.ts";

heldContract("mailboxes over POP3", pop3World);
