type Bag = Readonly<Record<string, unknown>>;

/**
 * Which conversation an event belongs to: within one, a hook's deliveries keep the log's order; different ones overtake
 * each other. What an account sent to an address and what it got from there are one conversation, a room is one.
 */
export function conversationOf(event: Bag): string {
  const actor = addressOf(event.actor);
  const targets = Array.isArray(event.target) ? event.target.map(addressOf) : [];
  const parties = event.type === "activity" ? [...targets, roomOf(event.context) ?? actor] : [actor, ...targets];
  return [String(event.platform ?? event.type), ...new Set(parties.sort())].join("\n");
}

function addressOf(party: unknown): string {
  const address = (party as { address?: unknown } | null | undefined)?.address;
  return typeof address === "string" ? address.toLowerCase() : "";
}

/** A room, thread or person by the name that the network gives, which for rooms and people is how senders name them too. */
function roomOf(context: unknown): string | undefined {
  if (context === undefined) return undefined;
  const { id } = (context ?? {}) as Bag;
  return typeof id === "string" ? id.toLowerCase() : JSON.stringify(context);
}
