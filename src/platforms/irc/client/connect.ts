import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionContext } from "../../../platform/connection.ts";
import { startTls, tlsHandshake } from "../../../platform/kit/start-tls.ts";
import { type Credentials, secretsOf } from "../credentials.ts";
import { classifyError, isRefusedByWords, refusedPassword } from "../errors.ts";
import { nickIn } from "../schemas/identifiers.ts";
import { channelKeeper } from "./channel-keeper.ts";
import type { Client } from "./client.ts";
import { codedError } from "./coded-error.ts";
import { nickKeeper, storedNick } from "./nick-keeper.ts";
import { rejoinChannels } from "./rejoin.ts";
import type { Session } from "./session.ts";
import type { Timeouts } from "./timeouts.ts";

/** Refusals of a login by ERROR after which the words count as a refused password. */
const MAX_REFUSALS = 3;

/**
 * Connects an account, logs in and rejoins its channels. Throws errors that `classifyError` knows. ngIRCd and InspIRCd
 * refuse a wrong password by ERROR, which has no defined reasons: such a login is tried again before its words count.
 */
export async function connectAccount(context: ConnectionContext<Credentials>, timeouts: Timeouts): Promise<Client> {
  for (let refusals = 1; ; refusals++) {
    try {
      return await connectOnce(context, timeouts);
    } catch (thrown) {
      const failure = classifyError(thrown);
      if (!isRefusedByWords(failure) || secretsOf(context.credentials).length === 0) throw failure;
      if (refusals === MAX_REFUSALS) throw refusedPassword(failure);
      await sleep(timeouts.confirmMs, undefined, { signal: context.signal });
    }
  }
}

async function connectOnce(context: ConnectionContext<Credentials>, timeouts: Timeouts): Promise<Client> {
  const { credentials, state, signal } = context;
  const accountNick = credentials.nick ?? nickIn(context.address);
  const nick = storedNick(accountNick, (await state.read()).nick) ?? accountNick;
  // Before the socket is open: from then on somebody must listen to it.
  const { openSession } = await import("./session.ts");
  const socket = await openSocket(context, timeouts);
  let isLive = false;
  let ended: { readonly thrown: unknown } | undefined;
  const session = openSession({
    context,
    socket,
    nick,
    timeouts,
    onOwnNick: () => {
      if (isLive) client.nickKeeper.start();
    },
    onEnd: (thrown) => {
      ended = { thrown };
      if (isLive) context.onDisconnected(thrown);
    },
  });
  const client: Client = {
    ...session,
    context,
    nickKeeper: nickKeeper({ session, context, accountNick, nick, maxDelayMs: timeouts.regainMs }),
    channelKeeper: channelKeeper({ session, context, firstDelayMs: timeouts.rejoinMs }),
  };
  try {
    await awaitRegistration(session, timeouts.registerMs, signal);
    const isComplete = await rejoinChannels(session, signal);
    signal.throwIfAborted();
    if (ended) throw ended.thrown;
    isLive = true;
    client.nickKeeper.start();
    if (!isComplete) client.channelKeeper.start();
    return client;
  } catch (thrown) {
    await disposeClient(client);
    throw classifyError(thrown);
  }
}

export async function disposeClient(client: Client): Promise<void> {
  client.nickKeeper.stop();
  client.channelKeeper.stop();
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
