import { onePageNetwork } from "../../support/one-page-network.ts";
import { connectionContract } from "./suite.ts";

connectionContract("parrot", onePageNetwork);
