import { xmppFaults } from "../../../support/xmpp-faults.ts";
import { xmppMatrixSuite } from "../../../support/xmpp-matrix-suite.ts";

xmppMatrixSuite("prosody", xmppFaults());
