import type { Platform } from "../../src/platform/platform.ts";
import { type Capabilities, capabilitiesOf } from "../../src/platform/vocabulary/capabilities.ts";

type PropertyCapability = Capabilities["verbs"][string]["object"][string];

/** Table of docs/vocabulary.md: bounds of targets, texts and attachments by platform and verb. */
export function limitsSection(platforms: readonly Platform[]): string {
  const rows = platforms.flatMap((platform) => {
    const { verbs } = capabilitiesOf(platform);
    return ["send", "post", "update"].flatMap((name) => {
      const verb = verbs[name];
      if (!verb) return [];
      const { body, attachments } = verb.object;
      const cells = [verb.targets.max, textOf(body), body?.tooLong ?? "", filesOf(attachments)];
      return [`| \`${platform.id}\` | \`${name}\` | ${cells.join(" | ")} |`];
    });
  });
  return `| platform | verb | targets | characters of \`body\` | longer texts | attachments |
|---|---|--:|---|---|---|
${rows.join("\n")}`;
}

function textOf({ maxLength, note }: PropertyCapability = {}): string {
  return [maxLength?.toLocaleString("en-US"), note].filter((part) => part !== undefined).join("; ");
}

function filesOf(capability: PropertyCapability | undefined): string {
  if (!capability) return "";
  const { maxItems, maxBytes, mediaTypes, note } = capability;
  const bytes = maxBytes === undefined ? undefined : `${maxBytes / 1024 / 1024} MiB`;
  return [maxItems, bytes, mediaTypes?.map((type) => `\`${type}\``).join(" "), note]
    .filter((part) => part !== undefined)
    .join("; ");
}
