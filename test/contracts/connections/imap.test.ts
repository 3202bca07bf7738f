import { imapWorld } from "../../support/imap-world.ts";
import { heldContract } from "./suite.ts";

heldContract("mailboxes over IMAP", imapWorld);
