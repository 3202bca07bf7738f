import { xmppWorld } from "../../support/xmpp-world.ts";
import { heldContract } from "./suite.ts";

heldContract("xmpp on Prosody", xmppWorld);
