import { ircWorld } from "../../support/irc-world.ts";
import { heldContract } from "./suite.ts";

heldContract("irc on ngIRCd", () => ircWorld("ngircd"));
heldContract("irc on InspIRCd", () => ircWorld("inspircd"));
