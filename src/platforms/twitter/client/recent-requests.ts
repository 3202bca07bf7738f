/** A request of an activity that this process sent. */
export interface SentRequest {
  /** Time of sending, Unix ms by the local clock. */
  readonly sentAt: number;
  /** Media ids at X that were uploaded for this request. No other post has them. */
  readonly media: readonly string[];
}

/** The account's latest requests. After a lost answer they tell which post or message was meant. */
export interface RecentRequests {
  readonly recordSent: (activityId: string, media: readonly string[]) => void;
  readonly find: (activityId: string) => SentRequest | undefined;
  /** Records that X answered a request with this id. No other request can then claim the id. */
  readonly recordAnswer: (id: string) => void;
  readonly isAnswered: (id: string) => boolean;
}

const MAX_ENTRIES = 1_000;

/** Creates an empty record that forgets the oldest entries. */
export function recentRequests(now: () => number = Date.now): RecentRequests {
  const sent = new Map<string, SentRequest>();
  const answeredIds = new Map<string, true>();
  return {
    recordSent: (activityId, media) => keep(sent, activityId, { sentAt: now(), media }),
    find: (activityId) => sent.get(activityId),
    recordAnswer: (id) => keep(answeredIds, id, true),
    isAnswered: (id) => answeredIds.has(id),
  };
}

function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_ENTRIES) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    break;
  }
}
