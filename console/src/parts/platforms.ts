import { useEffect, useState } from "preact/hooks";
import { GATEWAY } from "../api.ts";

/** JSON Schema, as far as forms read it. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly format?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Platform as `GET /platforms` shows it. */
export interface Platform {
  readonly id: string;
  readonly title: string;
  readonly needsAccount: boolean;
  readonly credentials?: { readonly schema: Schema; readonly example: unknown };
  readonly consent?: { readonly schema: Schema; readonly example: unknown };
  readonly verbs: Readonly<Record<string, PlatformVerb>>;
}

export interface PlatformVerb {
  readonly summary: string;
  readonly schema: Schema;
  readonly example: Readonly<Record<string, unknown>>;
}

let platforms: Promise<readonly Platform[]> | undefined;

/** Returns the platforms of this gateway; none while they load. They do not change while the page is open. */
export function usePlatforms(): readonly Platform[] {
  const [known, setKnown] = useState<readonly Platform[]>([]);
  useEffect(() => {
    platforms ??= load();
    platforms.then(setKnown, () => {
      platforms = undefined;
    });
  }, []);
  return known;
}

async function load(): Promise<readonly Platform[]> {
  const answer = await fetch(`${GATEWAY}/platforms`);
  return ((await answer.json()) as { readonly platforms: readonly Platform[] }).platforms;
}
