import type { ConnectionContext } from "../../../platform/connection.ts";
import { startTls, tlsHandshake } from "../../../platform/kit/start-tls.ts";
import type { Credentials } from "../credentials.ts";
import { classifyError } from "../errors.ts";
import { nickIn } from "../schemas/identifiers.ts";
import type { Client } from "./client.ts";
import { fault } from "./coded-error.ts";
import { keepNick, renamed } from "./nick-keeper.ts";
import { rejoin } from "./rejoin.ts";
import { openSession, type Patience, type Session } from "./session.ts";

/**
 * Connects an account through the egress guard, logs in, goes back into its rooms, and resolves with the client. Throws
 * what `explain` knows.
 */
export async function connect(context: ConnectionContext<Credentials>, patience: Patience): Promise<Client> {
  const { credentials, state: notes, signal } = context;
  const named = credentials.nick ?? nickIn(context.address);
  const nick = renamed(named, (await notes.read()).nick) ?? named;
  const socket = await opened(context, patience);
  let live = false;
  let ended: { readonly thrown: unknown } | undefined;
  const session = openSession({
    hold: context,
    socket,
    nick,
    patience,
    onEnd: (thrown) => {
      ended = { thrown };
      if (live) context.onDisconnected(thrown);
    },
  });
  const client: Client = {
    ...session,
    hold: context,
    wanted: keepNick({ session, hold: context, named, nick, everyMs: patience.regain }),
  };
  try {
    await within(session, patience.register, signal);
    await rejoin(session, signal);
    signal.throwIfAborted();
    if (ended) throw ended.thrown;
    live = true;
    client.wanted.start();
    return client;
  } catch (thrown) {
    await disconnect(client);
    throw classifyError(thrown);
  }
}

/** Ends what `connect` made. */
export async function disconnect(client: Client): Promise<void> {
  client.wanted.stop();
  await client.close();
}

async function opened(
  { credentials, egress, signal }: ConnectionContext<Credentials>,
  { connect: timeoutMs }: Patience,
) {
  const { host, tls = "implicit", ca } = credentials;
  const { port = tls === "none" ? 6667 : 6697 } = credentials;
  const socket = await egress.connect(host, port, { timeoutMs, signal });
  return tls === "none" ? socket : tlsHandshake(startTls(socket, { host, ca }), timeoutMs, signal);
}

function within({ registered }: Session, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(fault("ETIMEDOUT", "The server did not let us in in time")), ms);
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    registered.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    });
  });
}
