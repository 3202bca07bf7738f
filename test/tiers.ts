import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Tests that no request may fail or wait. They run one by one, as a starved machine would refuse some. */
export const ALONE: readonly string[] = ["test/e2e/proxies/rolling-restart.test.ts"];

/** Tests that strike whole gateways under load. They run after all others, since their load would delay those. */
export const KILLS: readonly string[] = [
  "test/e2e/kills/mail.test.ts",
  "test/e2e/kills/**/*.test.ts",
  "test/torture/**/*.test.ts",
];

/**
 * Tests that take long, such as those of whole gateways and foreign servers. The quick tier leaves them out. The longest are
 * listed first and start first, so that no worker is left with one at the end.
 */
export const SLOW: readonly string[] = [
  "test/e2e/release/release.test.ts",
  "test/e2e/proxies/stalled-clients.test.ts",
  "test/src/platforms/xmpp/fault-matrix-ejabberd.test.ts",
  "test/src/platforms/xmpp/fault-matrix.test.ts",
  "test/src/platforms/twitter/limits.test.ts",
  "test/src/platforms/irc/fault-matrix.test.ts",
  "test/contracts/connections/xmpp.test.ts",
  "test/clients/browser.test.ts",
  "test/e2e/proxies/haproxy.test.ts",
  "test/src/platforms/email/fault-matrix.test.ts",
  "test/e2e/lamp-site.test.ts",
  "test/e2e/quick-start.test.ts",
  "test/contracts/connections/pop3.test.ts",
  "test/openapi/worst-bodies.test.ts",
  "test/contracts/connections/irc.test.ts",
  "test/src/platforms/feeds/verbs/subscribe.test.ts",
  "test/contracts/connections/imap.test.ts",
  "test/src/platforms/irc/servers.test.ts",
  "test/e2e/proxies/nginx.test.ts",
  "test/openapi/generated.test.ts",
  "test/clients/php.test.ts",
  "test/e2e/docs.test.ts",
  "test/e2e/proxies/sites/sites.test.ts",
  "test/e2e/examples.test.ts",
  "test/contracts/platforms.test.ts",
  "test/src/platforms/email/inbound/imap-mailbox.test.ts",
  "test/openapi/document.test.ts",
  "test/src/platforms/xmpp/debian-server.test.ts",
  "test/e2e/proxies/hostile-clients.test.ts",
  "test/workers/poll.test.ts",
  "test/src/redis/private-server.test.ts",
  "test/src/platforms/email/recover.test.ts",
  "test/src/platforms/email/inbound/same-reading.test.ts",
  "test/src/platforms/irc/znc.test.ts",
  "test/workers/webhooks.test.ts",
  "test/src/platforms/twitter/client/stream.test.ts",
  "test/src/platforms/email/verbs/mailbox-verbs.test.ts",
  "test/src/platforms/email/inbound/pop3-mailbox.test.ts",
  "test/src/connections/shard-leases.test.ts",
  "test/openapi/conformance.test.ts",
  "test/src/cli/commands.test.ts",
  "test/src/platforms/feeds/hostile.test.ts",
  "test/src/platforms/xmpp/gateway.test.ts",
  "test/src/platforms/telegram/connection.test.ts",
  "test/routes/resources/webhooks.test.ts",
  "test/src/redis/connect.test.ts",
  "test/routes/streams/events.test.ts",
  "test/src/platforms/email/inbound/imap-poison.test.ts",
  "test/src/platforms/irc/hostile.test.ts",
  "test/src/platforms/irc/gateway.test.ts",
  "test/src/platforms/email/inbound/pop3-dovecot.test.ts",
  "test/src/platforms/facebook/client/pacing.test.ts",
  "test/src/platforms/email/imap.test.ts",
  "test/{clients,contracts,e2e,ops}/**/*.test.ts",
];

/** Order by expected length. A file that is in no list comes last, the larger ones first. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const at = [...KILLS, ...SLOW].findIndex((path) => moduleId.endsWith(`/${path}`));
  return at < 0 ? Number.POSITIVE_INFINITY : at;
}
