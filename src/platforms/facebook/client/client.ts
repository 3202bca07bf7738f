import { Failure } from "../../../model/failure.ts";
import type { AccountContext } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import { GRAPH_API, type Graph, openGraph } from "./graph.ts";

export interface FacebookSettings {
  /** Address of the Graph API with its version, set by the operator only. Default: Facebook's own. */
  readonly facebookApi?: string;
}

/** The Graph API as the verbs use it. */
export type Client = Graph;

/** Opens a client for one Page; sends nothing yet. Throws `account-unknown` where no login is stored. */
export function openClient(
  { credentials, egress }: AccountContext<Credentials>,
  { facebookApi }: FacebookSettings,
): Client {
  if (credentials) return openGraph(egress.fetch, credentials, (facebookApi ?? GRAPH_API).replace(/(?<!\/)\/+$/, ""));
  const detail = "Facebook requires a Page: store the Page's token for this actor.";
  throw new Failure({ kind: "auth", code: "account-unknown", detail });
}

/** Returns the id in an answer, from the first of these properties. Undefined: Facebook gave no id. */
export function idOfAnswer(
  answer: Readonly<Record<string, unknown>>,
  ...properties: readonly string[]
): string | undefined {
  const id = properties.map((property) => answer[property]).find((value) => typeof value === "string" && value !== "");
  return typeof id === "string" ? id.slice(0, 256) : undefined;
}
