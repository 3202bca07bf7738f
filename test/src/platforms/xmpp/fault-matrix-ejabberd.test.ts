import { repetitions } from "../../../support/extent.ts";
import { xmppFaults } from "../../../support/xmpp-faults.ts";
import { xmppMatrixSuite } from "../../../support/xmpp-matrix-suite.ts";

/** Steps whose answers `npm test -- --short` gives. ejabberd archives and routes at the same time there. */
const CHOSEN = ["stream after login", "roster", "archive", "message"];
const all = xmppFaults();

xmppMatrixSuite("ejabberd", repetitions({ few: all.filter(({ step }) => CHOSEN.includes(step)), long: all }));
