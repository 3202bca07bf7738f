import { parrotWorld } from "../../support/parrot.ts";
import { heldContract } from "./suite.ts";

heldContract("parrot", parrotWorld);
