import { xml } from "@xmpp/client";
import { type Client, unlessUnanswered } from "../client/client.ts";
import { retryLater } from "./retry-later.ts";

const NS_OFFLINE = "http://jabber.org/protocol/offline";

/**
 * Requests the messages that the server stores for the account (XEP-0013). Done once, a while after the login: servers store
 * a message after they have looked for a session, so at the moment of a login a message may be stored just after all stored
 * ones were delivered. Nothing is deleted; the next login delivers the same copies, which are recognised.
 */
export function requestOfflineMessages(client: Client): void {
  retryLater(client, async () => {
    const request = xml("offline", { xmlns: NS_OFFLINE }, xml("fetch"));
    // Many servers know no such request; most of these deliver without that gap.
    await unlessUnanswered(client.stream.request("get", request));
    return true;
  });
}
