import { Failure } from "../../../model/failure.ts";
import type { AccountContext } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import { type ApiRequest, BOT_API, type BotApi, botApi } from "./api.ts";
import { pacing } from "./pacing.ts";

/** Settings of the platform. */
export interface TelegramSettings {
  /** Address of the Bot API, set by the operator only. */
  readonly telegramApi?: string;
}

/** Client of one bot. */
export interface Client extends BotApi {
  /** Sends a request that puts a message into a chat, at the chat's pace. */
  readonly paced: (chat: string, request: ApiRequest) => Promise<unknown>;
  /** Ends what `connect` started; absent for pooled clients. */
  readonly stop?: () => Promise<void>;
}

/** Opens a client for one bot; sends nothing yet. Throws `account-unknown` where no token is stored. */
export function openClient(
  { credentials, egress }: Pick<AccountContext<Credentials>, "credentials" | "egress">,
  { telegramApi = BOT_API }: TelegramSettings,
): Client {
  if (!credentials) {
    const detail = "Telegram requires a bot: store its token for this actor.";
    throw new Failure({ kind: "auth", code: "account-unknown", detail });
  }
  const api = botApi(egress.fetch, credentials.token, telegramApi.replace(/(?<!\/)\/+$/, ""));
  const pace = pacing();
  return {
    ...api,
    async paced(chat, request) {
      await pace.acquire(chat, request.signal);
      return api.request(request);
    },
  };
}
