type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Returns the key of the conversation that an event belongs to.
 * A webhook's deliveries keep the log's order within a conversation; conversations may overtake each other. Messages
 * from an account to an address and back are one conversation; a room is one conversation, whoever speaks.
 */
export function conversationOf(event: JsonObject): string {
  const actor = addressOf(event.actor);
  const targets = Array.isArray(event.target) ? event.target.map(addressOf) : [];
  const parties = event.type === "activity" ? [...targets, roomOf(event.context) ?? actor] : [actor, ...targets];
  return [String(event.platform ?? event.type), ...new Set(parties.sort())].join("\n");
}

function addressOf(party: unknown): string {
  const address = (party as { address?: unknown } | null | undefined)?.address;
  return typeof address === "string" ? address.toLowerCase() : "";
}

/** Returns the network's id of a room, thread or person. Senders address rooms and people by the same id. */
function roomOf(context: unknown): string | undefined {
  if (context === undefined) return undefined;
  const { id } = (context ?? {}) as JsonObject;
  return typeof id === "string" ? id.toLowerCase() : JSON.stringify(context);
}
