import { Failure } from "../../../model/failure.ts";
import type { AccountContext } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import { GRAPH_API, type Graph, openGraph } from "./graph.ts";

export interface FacebookSettings {
  /** Where the Graph API is, with its version; only the operator says so. Default: Facebook's own. */
  readonly facebookApi?: string;
}

/** What the verbs work with. */
export type Client = Graph;

/** A client for one Page; nothing is asked yet. Throws `account-unknown` where no login is stored. */
export function openClient(
  { credentials, egress }: AccountContext<Credentials>,
  { facebookApi }: FacebookSettings,
): Client {
  if (credentials) return openGraph(egress.fetch, credentials, (facebookApi ?? GRAPH_API).replace(/\/+$/, ""));
  const detail = "Facebook knows Pages only: store the Page's token for this actor.";
  throw new Failure({ kind: "auth", code: "account-unknown", detail });
}

/** The id in an answer; undefined where Facebook gave none. */
export function idOfAnswer(answer: Readonly<Record<string, unknown>>, ...names: readonly string[]): string | undefined {
  const value = names.map((name) => answer[name]).find((one) => typeof one === "string" && one !== "");
  return typeof value === "string" ? value.slice(0, 256) : undefined;
}
