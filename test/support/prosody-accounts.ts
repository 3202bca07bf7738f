import { afterAll, beforeAll } from "vitest";
import { xmpp } from "../../src/platforms/xmpp/platform.ts";
import { type TestConnectionContext, testConnectionContext } from "./connection-context.ts";
import { PROSODY_DOMAIN, type TestXmppServer, testProsody } from "./prosody.ts";
import { runVerb } from "./run-verb.ts";
import { type XmppPeer, xmppPeer } from "./xmpp-peer.ts";

const ACCOUNTS = 20;

/** Private Prosody of a test file with Alice's client. `connect` connects a new account, or the one at `address`. */
export function prosodyAccounts({ tls }: { readonly tls: boolean }) {
  const platform = xmpp();
  const users = Array.from({ length: ACCOUNTS }, (_, index) => `bob${index}`);
  let server: TestXmppServer;
  let alice: XmppPeer;
  let used = 0;

  beforeAll(async () => {
    server = await testProsody(["alice", ...users]);
    alice = await xmppPeer(server.port, "alice");
  });
  afterAll(async () => {
    await alice?.close();
    await server?.stop();
  });

  async function connect(options: { readonly address?: string; readonly stateOf?: TestConnectionContext } = {}) {
    used += 1;
    const address = options.address ?? `bob${used}@${PROSODY_DOMAIN}`;
    const login = { host: "127.0.0.1", port: server.port, password: `${address.split("@")[0]}-pw` };
    const connectionContext = testConnectionContext({
      address,
      credentials: { ...login, ...(tls ? { ca: server.tls.cert } : { tls: "none" }) },
      ...(options.stateOf ? { stateOf: options.stateOf } : {}),
    });
    const client = await platform.connect?.(connectionContext as never);
    return {
      address,
      connectionContext,
      client,
      actor: { address },
      do: (verb: string, fields: object = {}) => runVerb(platform, client, { verb, actor: { address }, ...fields }),
      close: async () => platform.dispose?.(client),
    };
  }
  return { platform, server: () => server, alice: () => alice, connect };
}
