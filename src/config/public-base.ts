import type { Config } from "./settings.ts";

/** Returns PUBLIC_URL with the base path; without that setting the base path alone. */
export function publicBase({ publicUrl, basePath }: Pick<Config, "publicUrl" | "basePath">): string {
  return `${publicUrl.replace(/(?<!\/)\/+$/, "")}${basePath}`;
}
