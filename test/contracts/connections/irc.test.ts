import { ircNetwork } from "../../support/irc-network.ts";
import { connectionContract } from "./suite.ts";

connectionContract("irc on ngIRCd", () => ircNetwork("ngircd"));
connectionContract("irc on InspIRCd", () => ircNetwork("inspircd"));
