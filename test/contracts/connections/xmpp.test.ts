import { xmppNetwork } from "../../support/xmpp-network.ts";
import { connectionContract } from "./suite.ts";

connectionContract("xmpp on Prosody", xmppNetwork);
