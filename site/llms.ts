import type { Section } from "./navigation.ts";
import { addressOf } from "./sources.ts";

/** Returns the list of documents for language models (llmstxt.org): addresses of Markdown beside it. */
export function llmsText(navigation: readonly Section[], titles: ReadonlyMap<string, string>): string {
  const sections = navigation
    .filter(({ title }) => title !== "REST API")
    .map(({ title, pages }) => {
      const links = pages.map((path) => `- [${titles.get(path) ?? path}](${addressOf(path) || "index"}.md)`);
      return `## ${title}\n\n${links.join("\n")}`;
    });
  return `# Dragoman

> Self-hosted messaging gateway: one REST, SSE and WebSocket API to send and receive e-mail, XMPP, IRC, Telegram, X,
> Facebook, feeds and webhooks. The API as OpenAPI 3.1: ../openapi.json

${sections.join("\n\n")}
`;
}
