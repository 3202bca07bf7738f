import type { Consents } from "../consents/consents.ts";
import { invalidInput, Refusal } from "../model/refusal.ts";
import { validationErrors } from "../model/validate.ts";
import type { Platform } from "../platform/platform.ts";
import type { PlatformRegistry } from "../platform/platform-registry.ts";
import { checkOnline } from "./store-account.ts";

/** A platform whose users can connect their accounts by OAuth 2. */
export type ConsentPlatform = Platform & Required<Pick<Platform, "oauthConsent">>;

export interface ConsentOptions {
  /** Credentials of the app's own OAuth client at the network. */
  readonly client: unknown;
  /** The app's page to send the user back to. */
  readonly returnTo?: string | undefined;
  readonly online?: boolean | undefined;
}

export interface BeginConsentDeps {
  readonly consents: Pick<Consents, "begin">;
  /** Public address with the base path; undefined where PUBLIC_URL is not set. */
  readonly publicBase: string | undefined;
  /** Whether a URL is of an origin that the operator listed. */
  readonly isListedOrigin: (url: string) => boolean;
}

/** A begun consent. Its id, the address to send the user to, and the callback to register at the network. */
export interface ConsentStart {
  readonly id: string;
  readonly url: string;
  readonly redirectUri: string;
}

/** Returns the platform of that name if it takes consents; throws `Refusal` `not-found`. */
export function requireConsentPlatform(platforms: Pick<PlatformRegistry, "find">, name: string): ConsentPlatform {
  const platform = platforms.find(name);
  if (platform === undefined || !hasConsent(platform)) {
    throw new Refusal("not-found", "No platform of this name connects accounts by consent.");
  }
  return platform;
}

/**
 * Begins a user's consent (RFC 6749 section 4.1.1). Throws `Refusal`: `validation-failed`, also for a `returnTo` of an
 * origin that is not listed, so that the gateway is no open redirect; `not-configured` without PUBLIC_URL.
 */
export async function beginConsent(
  { consents, publicBase, isListedOrigin }: BeginConsentDeps,
  app: string,
  platform: ConsentPlatform,
  { client, returnTo, online }: ConsentOptions,
): Promise<ConsentStart> {
  const errors = validationErrors(platform.oauthConsent.schema, client);
  if (errors.length > 0) throw invalidInput(errors.map((error) => ({ ...error, pointer: `/client${error.pointer}` })));
  checkOnline(platform, online);
  if (returnTo !== undefined && !isListedOrigin(returnTo)) {
    throw invalidInput([{ pointer: "/returnTo", detail: "must be of an origin in ALLOWED_ORIGINS, or of PUBLIC_URL" }]);
  }
  if (publicBase === undefined) {
    throw new Refusal(
      "not-configured",
      "The network needs a public address for its redirect: the operator sets PUBLIC_URL.",
    );
  }
  const redirectUri = `${publicBase}/accounts/${platform.id}/callback`;
  const begun = {
    app,
    platform: platform.id,
    redirectUri,
    ...(returnTo === undefined ? {} : { returnTo }),
    ...(online === undefined ? {} : { online }),
  };
  const { id, url } = await consents.begin(begun, client, (round) =>
    platform.oauthConsent.url(client as never, { ...round, redirectUri }),
  );
  return { id, url, redirectUri };
}

function hasConsent(platform: Platform): platform is ConsentPlatform {
  return platform.oauthConsent !== undefined;
}
