export { EVENT_TYPES } from "../../../src/model/event.ts";
export type { Delivery, Webhook as Hook } from "../../../src/webhooks/webhook.ts";
