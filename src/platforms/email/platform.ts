import { Failure } from "../../failure.ts";
import { definePlatform, defineVerb, type Platform } from "../../platform.ts";
import { accountClient, type Client, type ClientSettings, relayClients } from "./client.ts";
import { CREDENTIALS_EXAMPLE, Credentials } from "./credentials.ts";
import { explain } from "./explain.ts";
import { SEND_EXAMPLE, SendShape } from "./message-shape.ts";
import { type RelaySettings, relayOf } from "./relay.ts";
import { refuse, send } from "./send.ts";

export interface EmailSettings extends ClientSettings {
  /** Takes mail of actors without an account; without it every actor needs one. */
  readonly relay?: RelaySettings | undefined;
}

/** Mail over SMTP, by an app's own server or the operator's relay. Throws for a relay URL that can't be read. */
export function email(settings: EmailSettings): Platform {
  const byRelay = settings.relay && relayClients(relayOf(settings.relay), settings);
  return definePlatform<Client, typeof Credentials>({
    id: "email",
    title: "E-mail",
    aliases: ["smtp"],
    credentials: { schema: Credentials, example: CREDENTIALS_EXAMPLE },
    needsAccount: byRelay === undefined,
    lifetimeSeconds: 172_800,
    timeoutSeconds: 900,
    verbs: {
      send: defineVerb({
        summary: "Sends a mail to all targets and says for each whether the server took it",
        schema: SendShape,
        example: SEND_EXAMPLE,
        run: send,
      }),
    },
    refuse,
    open: async (access) => {
      if (access.credentials) return accountClient(access, access.credentials, settings);
      if (byRelay) return byRelay(access.app);
      const detail = "There is no mail server for this actor: store an account.";
      throw new Failure({ kind: "auth", code: "account-unknown", detail });
    },
    close: async (client) => client.close(),
    explain: (thrown) => explain(thrown),
  });
}
