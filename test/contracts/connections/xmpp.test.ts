import { xmppNetwork } from "../../support/xmpp-network.ts";
import { connectionContract } from "./suite.ts";

connectionContract("xmpp on Prosody", () => xmppNetwork());
connectionContract("xmpp on Prosody without an archive", () => xmppNetwork({ archive: false }));
connectionContract("xmpp on ejabberd", () => xmppNetwork({ server: "ejabberd" }));
connectionContract("xmpp on ejabberd as Debian ships it, without an archive", () =>
  xmppNetwork({ server: "ejabberd", archive: false }),
);
