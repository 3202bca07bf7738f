import { imapWorld } from "../support/imap-world.ts";
import { heldContract } from "./held.ts";

heldContract("mailboxes over IMAP", imapWorld);
