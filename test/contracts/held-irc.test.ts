import { heldContract } from "./held.ts";
import { ircWorld } from "../support/irc-world.ts";

heldContract("IRC on ngIRCd", () => ircWorld("ngircd"));
heldContract("IRC on InspIRCd", () => ircWorld("inspircd"));
