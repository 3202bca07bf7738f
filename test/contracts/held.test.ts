import { parrotWorld } from "../support/parrot.ts";
import { heldContract } from "./held.ts";

heldContract("parrot", parrotWorld);
