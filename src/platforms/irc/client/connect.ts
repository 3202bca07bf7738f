import type { Socket } from "node:net";
import type { ConnectionContext } from "../../../platform/connection.ts";
import { startTls, tlsHandshake } from "../../../platform/kit/start-tls.ts";
import type { Credentials } from "../credentials.ts";
import { classifyError } from "../errors.ts";
import { nickIn } from "../schemas/identifiers.ts";
import type { Client } from "./client.ts";
import { codedError } from "./coded-error.ts";
import { nickKeeper, storedNick } from "./nick-keeper.ts";
import { rejoinChannels } from "./rejoin.ts";
import { openSession, type Session, type Timeouts } from "./session.ts";

/** Connects an account, logs in and rejoins its channels. Throws errors that `classifyError` knows. */
export async function connectAccount(context: ConnectionContext<Credentials>, timeouts: Timeouts): Promise<Client> {
  const { credentials, state, signal } = context;
  const accountNick = credentials.nick ?? nickIn(context.address);
  const nick = storedNick(accountNick, (await state.read()).nick) ?? accountNick;
  const socket = await openSocket(context, timeouts);
  let isLive = false;
  let ended: { readonly thrown: unknown } | undefined;
  const session = openSession({
    context,
    socket,
    nick,
    timeouts,
    onEnd: (thrown) => {
      ended = { thrown };
      if (isLive) context.onDisconnected(thrown);
    },
  });
  const client: Client = {
    ...session,
    context,
    nickKeeper: nickKeeper({ session, context, accountNick, nick, maxDelayMs: timeouts.regainMs }),
  };
  try {
    await awaitRegistration(session, timeouts.registerMs, signal);
    await rejoinChannels(session, signal);
    signal.throwIfAborted();
    if (ended) throw ended.thrown;
    isLive = true;
    client.nickKeeper.start();
    return client;
  } catch (thrown) {
    await disposeClient(client);
    throw classifyError(thrown);
  }
}

export async function disposeClient(client: Client): Promise<void> {
  client.nickKeeper.stop();
  await client.close();
}

async function openSocket(
  { credentials, egress, signal }: ConnectionContext<Credentials>,
  { connectMs }: Timeouts,
): Promise<Socket> {
  const { host, tls = "implicit", ca } = credentials;
  const { port = tls === "none" ? 6667 : 6697 } = credentials;
  const socket = await egress.connect(host, port, { timeoutMs: connectMs, signal });
  return tls === "none" ? socket : tlsHandshake(startTls(socket, { host, ca }), connectMs, signal);
}

function awaitRegistration({ registered }: Session, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(codedError("ETIMEDOUT", "The server did not complete the login in time")),
      ms,
    );
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    registered.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    });
  });
}
