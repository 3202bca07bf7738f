import { xml } from "@xmpp/client";
import { expect } from "vitest";
import { type XmppTestNetwork, xmppNetwork } from "../../support/xmpp-network.ts";
import { connectionContract, type Trial } from "./suite.ts";

const TRIALS: ReadonlyArray<Trial<XmppTestNetwork>> = [
  {
    behaviour: "records messages as two though their sender repeats an id",
    run: async ({ network, number, bodiesUntil }) => {
      const to = network.account(number).address;
      for (const body of ["one", "two", "two"])
        await network.peerSendsStanza(xml("message", { to, type: "chat", id: "sess_1" }, xml("body", {}, body)));
      await network.peerSends(number, "last");
      expect(await bodiesUntil("last")).toEqual(["one", "two", "two", "last"]);
    },
  },
  {
    behaviour: "records what follows malformed messages",
    run: async ({ network, number, bodiesUntil }) => {
      const to = network.account(number).address;
      const children = [
        xml("delay", { xmlns: "urn:xmpp:delay", stamp: "never" }),
        xml("replace", { xmlns: "urn:xmpp:message-correct:0", id: "x".repeat(5_000) }),
        xml(
          "reactions",
          { xmlns: "urn:xmpp:reactions:0", id: "1" },
          ...Array.from({ length: 500 }, () => xml("reaction")),
        ),
        xml("received", { xmlns: "urn:xmpp:carbons:2" }, xml("forwarded", { xmlns: "urn:xmpp:forward:0" })),
        xml("x", { xmlns: "jabber:x:conference" }),
      ];
      for (const child of children) await network.peerSendsStanza(xml("message", { to, id: "y".repeat(2_000) }, child));
      await network.peerSends(number, "last");
      expect((await bodiesUntil("last")).at(-1)).toBe("last");
    },
  },
  {
    behaviour: "ignores a receipt that comes from others than the recipient",
    run: async ({ network, app, number, core, bodiesUntil }) => {
      const rid = await core.post(app, network.sendTo(number, `${app} hello`));
      const { object } = await core.result(app, rid);
      const to = network.account(number).address;
      const marker = xml("displayed", { xmlns: "urn:xmpp:chat-markers:0", id: String(object?.id) });
      await network.strangerSendsStanza(xml("message", { to, type: "chat" }, marker));
      await network.peerSends(number, "last");
      await bodiesUntil("last");
      expect((await core.events(app)).filter(({ status }) => status === "read" || status === "failed")).toEqual([]);
    },
  },
];

connectionContract("xmpp on Prosody", () => xmppNetwork(), TRIALS);
connectionContract("xmpp on Prosody without an archive", () => xmppNetwork({ archive: false }), TRIALS);
const settings = { xmppRetryMs: 1_000 };
connectionContract("xmpp on ejabberd", () => xmppNetwork({ server: "ejabberd", settings }), TRIALS);
connectionContract(
  "xmpp on ejabberd as Debian ships it, without an archive",
  () => xmppNetwork({ server: "ejabberd", archive: false, settings }),
  TRIALS,
);
