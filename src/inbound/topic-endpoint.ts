import type { TopicEndpoint } from "../platform/platform.ts";
import type { DueTopic, Topics } from "../polling/topics.ts";
import type { WebhookEndpoints } from "./webhook-endpoints.ts";

/** Owner of topics' endpoints instead of an app, since apps share topics. No app has this id. */
export const TOPICS_APP = "-";

export interface TopicEndpointsDeps {
  readonly endpoints: WebhookEndpoints;
  readonly topics: Pick<Topics, "setRemoteState">;
  /** Public address of the gateway, with the base path. */
  readonly base: string;
}

/** Makes the function that gives each poll the endpoint of its topic. */
export function topicEndpoints({ endpoints, topics, base }: TopicEndpointsDeps) {
  return ({ platform, id }: Pick<DueTopic, "platform" | "id">): TopicEndpoint => ({
    async open(secrets) {
      // The mark comes first: a topic without subscribers must never leave an open endpoint behind.
      await topics.setRemoteState(id, true);
      return `${base}/inbound/${platform}/${await endpoints.open(TOPICS_APP, platform, id, secrets)}`;
    },
    async secrets() {
      const endpointId = await endpoints.idOf(TOPICS_APP, platform, id);
      return endpointId === undefined ? undefined : (await endpoints.find(platform, endpointId))?.secrets;
    },
    async close() {
      await endpoints.close(TOPICS_APP, platform, id);
      await topics.setRemoteState(id, false);
    },
  });
}
