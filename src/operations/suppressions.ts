import { accountId } from "../model/account-id.ts";
import { optional } from "../model/optional.ts";
import { invalidInput, Refusal } from "../model/refusal.ts";
import { validationErrors } from "../model/validate.ts";
import type { Platform } from "../platform/platform.ts";
import { platformRegistry } from "../platform/platform-registry.ts";
import {
  type AddedSuppression,
  MAX_SUPPRESSIONS,
  type Suppression,
  type Suppressions,
} from "../suppressions/suppressions.ts";

export interface SuppressionDeps {
  readonly suppressions: Suppressions;
  /** Enabled platforms. */
  readonly enabled: readonly Platform[];
}

/** Address that an app adds to its list. `detail` is its note. */
export interface SuppressedAddress {
  readonly platform: string;
  readonly address: string;
  readonly detail?: string;
}

export interface SuppressionQuery {
  /** Lists this address only, on any platform. */
  readonly address?: string;
  readonly limit: number;
  readonly after?: string;
}

/** A suppression as answers and the command line show it. */
export interface ShownSuppression extends Omit<Suppression, "since"> {
  /** RFC 3339. */
  readonly since: string;
}

/** Adds an address to an app's list. Throws `Refusal` for platforms without a list, wrong addresses and a full list. */
export async function suppressAddress(
  { suppressions, enabled }: SuppressionDeps,
  app: string,
  { platform: name, address, detail }: SuppressedAddress,
): Promise<Exclude<AddedSuppression, { readonly outcome: "full" }>> {
  const platform = platformRegistry(enabled).require(name, "/platform");
  const verb = Object.values(platform.verbs).find(({ hasSuppressions }) => hasSuppressions === true);
  if (verb === undefined) throw invalidInput([{ pointer: "/platform", detail: "has no suppression list" }]);
  const errors = validationErrors(verb.schema.properties.target ?? {}, [{ address }]);
  if (errors.length > 0) throw invalidInput([{ pointer: "/address", detail: "is no address of this platform" }]);
  const id = accountId(platform.id, address);
  const entry = { id, platform: platform.id, address, reason: "added", ...optional("detail", detail) } as const;
  const added = await suppressions.add(app, entry);
  if (added.outcome !== "full") return added;
  throw new Refusal("quota-exceeded", `The list holds ${MAX_SUPPRESSIONS} addresses; remove some first.`);
}

/** Lists an app's suppressions, newest first. */
export async function listSuppressions(
  { suppressions, enabled }: SuppressionDeps,
  app: string,
  { address, ...page }: SuppressionQuery,
): ReturnType<Suppressions["list"]> {
  if (address === undefined) return suppressions.list(app, page);
  const found = await suppressions.findAll(
    app,
    enabled.map(({ id }) => accountId(id, address)),
  );
  return { suppressions: found.filter((entry) => entry !== undefined) };
}

/** Removes an address from an app's list; throws `Refusal` `not-found`. */
export async function liftSuppression({ suppressions }: SuppressionDeps, app: string, id: string): Promise<void> {
  if (!(await suppressions.remove(app, id))) throw new Refusal("not-found", "No suppression with this id.");
}

/** Returns the form of a suppression for answers. */
export function shownSuppression({ since, ...rest }: Suppression): ShownSuppression {
  return { ...rest, since: new Date(since).toISOString() };
}
