import { xmppWorld } from "../support/xmpp-world.ts";
import { heldContract } from "./held.ts";

heldContract("xmpp on Prosody", xmppWorld);
