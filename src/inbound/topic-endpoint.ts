import type { TopicEndpoint } from "../platform/platform.ts";
import type { DueTopic, Topics } from "../polling/topics.ts";
import type { WebhookEndpoints } from "./webhook-endpoints.ts";

/** In whose place doors of topics stand, since a topic is polled for many apps; no app has this id. */
export const TOPICS_APP = "-";

export interface TopicDoorsDeps {
  readonly doors: WebhookEndpoints;
  readonly topics: Pick<Topics, "keep">;
  /** Where the outside reaches the gateway, with the base path. */
  readonly base: string;
}

/** Makes the doors that polls of topics may open. */
export function topicDoors({ doors, topics, base }: TopicDoorsDeps) {
  return ({ platform, id }: Pick<DueTopic, "platform" | "id">): TopicEndpoint => ({
    async open(secrets) {
      // First, so that a door is never left open by a topic that nobody follows any more.
      await topics.keep(id, true);
      return `${base}/inbound/${platform}/${await doors.open(TOPICS_APP, platform, id, secrets)}`;
    },
    async secrets() {
      const door = await doors.idOf(TOPICS_APP, platform, id);
      return door === undefined ? undefined : (await doors.find(platform, door))?.secrets;
    },
    async close() {
      await doors.close(TOPICS_APP, platform, id);
      await topics.keep(id, false);
    },
  });
}
