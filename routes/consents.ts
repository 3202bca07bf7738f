import { setTimeout as after } from "node:timers/promises";
import { type Request, type Response, Router } from "express";
import Type from "typebox";
import type { Consents, Outcome } from "../src/consents/consents.ts";
import type { Log } from "../src/log.ts";
import type { LaneQueues } from "../src/outbox/lane-queues.ts";
import { faults } from "../src/validate.ts";
import type { Authenticate } from "./authenticate.ts";
import { checked, invalid, objectOf } from "./checked.ts";
import type { PlatformNames } from "./platform-names.ts";
import { Problem } from "./problem.ts";

/** Body of `POST /accounts/{platform}/connect`; `client` is checked with the platform's own schema. */
export const ConsentRequest = Type.Object(
  {
    client: Type.Unknown({
      description: "The app's own client at the network, as `GET /platforms/{id}` says; never given back.",
    }),
    returnTo: Type.Optional(
      Type.String({
        format: "uri",
        maxLength: 2_048,
        pattern: "^https?://",
        description:
          "Where the user's browser goes afterwards, with `account` or `error` in the query; else a plain page says what became of it.",
      }),
    ),
    online: Type.Optional(Type.Boolean({ description: "As in `PUT /accounts`." })),
  },
  { additionalProperties: false },
);

/** Answer of `POST /accounts/{platform}/connect`, beside the `Location`. */
export const ConsentAnswer = Type.Object(
  {
    url: Type.String({ format: "uri", description: "Send the user's browser there." }),
    redirectUri: Type.String({ format: "uri", description: "Register this at the network." }),
  },
  { additionalProperties: false },
);

export interface ConsentRoutesDeps {
  readonly who: Authenticate;
  readonly consents: Pick<Consents, "begin" | "take" | "hand" | "outcome">;
  readonly lanes: Pick<LaneQueues, "exchange">;
  readonly platforms: PlatformNames;
  /** With the base path; undefined where PUBLIC_URL is not set. */
  readonly publicBase: string | undefined;
  readonly log: Log;
}

/** How long a callback waits for the worker before it says that it takes longer. */
const EXCHANGE_MS = 25_000;
const LOOK_MS = 150;

/** The consent of a user (OAuth 2): begun by the app with its key, ended by the user's browser with the state. */
export function consentRoutes(deps: ConsentRoutesDeps): Router {
  const { who, consents, lanes, platforms, publicBase } = deps;
  const router = Router({ caseSensitive: true });

  router.post("/accounts/:platform/connect", async (req: Request<{ platform: string }>, res) => {
    const { app } = await who(req, "accounts");
    const platform = platforms.find(req.params.platform);
    if (!platform?.consent) throw new Problem("not-found", "No platform of this name takes accounts by consent.");
    const { client: given, returnTo, online } = checked(ConsentRequest, req.body);
    const client = objectOf(given);
    const wrong = faults(platform.consent.schema, client);
    if (wrong.length > 0) throw invalid(wrong.map((fault) => ({ ...fault, pointer: `/client${fault.pointer}` })));
    if (publicBase === undefined) {
      throw new Problem("not-configured", "The network must find its way back: the operator sets PUBLIC_URL.");
    }
    const { id, consent } = platform;
    const redirectUri = `${publicBase}/accounts/${id}/callback`;
    const begun = {
      app,
      platform: id,
      redirectUri,
      ...(returnTo === undefined ? {} : { returnTo }),
      ...(online === undefined ? {} : { online }),
    };
    const url = await consents.begin(begun, client, (round) => consent.url(client as never, { ...round, redirectUri }));
    res.set("Cache-Control", "no-store").status(303).location(url).json({ url, redirectUri });
  });

  router.get("/accounts/:platform/callback", async (req: Request<{ platform: string }>, res) => {
    const state = wordOf(req, "state");
    const begun = await consents.take(state);
    if (!begun || begun.platform !== req.params.platform) {
      throw new Problem("not-found", "This consent was ended already or took too long: begin again.");
    }
    const code = wordOf(req, "code");
    if (code === "") return answer(res, begun.returnTo, REFUSED);
    await consents.hand(state, begun, code);
    await lanes.exchange(state);
    answer(res, begun.returnTo, await outcomeOf(consents, state));
  });
  return router;
}

const REFUSED: Outcome = {
  error: { code: "permission-denied", detail: "The network says that the user did not agree.", retryable: false },
};
const SLOW: Outcome = {
  error: {
    code: "platform-timeout",
    detail: "The network takes long; GET /accounts shows the account when it is connected, else begin again.",
    retryable: true,
  },
};

async function outcomeOf(consents: Pick<Consents, "outcome">, state: string): Promise<Outcome> {
  for (const ends = Date.now() + EXCHANGE_MS; Date.now() < ends; await after(LOOK_MS)) {
    const outcome = await consents.outcome(state);
    if (outcome) return outcome;
  }
  return SLOW;
}

function wordOf({ query }: Request, name: string): string {
  const value = query[name];
  return typeof value === "string" && value.length <= 4_096 ? value : "";
}

function answer(res: Response, returnTo: string | undefined, outcome: Outcome): void {
  res.set({ "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" });
  if (returnTo !== undefined) {
    const url = new URL(returnTo);
    if ("error" in outcome) url.searchParams.set("error", outcome.error.code);
    else for (const { id } of outcome.accounts) url.searchParams.append("account", id);
    res.redirect(303, url.href);
    return;
  }
  const said = "error" in outcome ? outcome.error.detail : "The account is connected. You may close this page.";
  res.set({ "Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff" });
  res
    .status("error" in outcome ? 422 : 200)
    .type("text/plain")
    .send(`${said}\n`);
}
