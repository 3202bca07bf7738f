type Answer = Promise<Readonly<Record<string, unknown>> | undefined>;

/** The example's chat of one account; every call answers undefined where the network cannot do it. */
export interface Chat {
  readonly can: (verb: string, property?: string, value?: string) => boolean;
  readonly join: (room: string, nick?: string) => Answer;
  readonly leave: (room: string) => Answer;
  readonly rooms: (directory?: string) => Answer;
  readonly members: (room: string) => Answer;
  readonly topic: (room: string, body: string) => Answer;
  readonly send: (room: string, body: string, inReplyTo?: string) => Answer;
  readonly edit: (room: string, id: string, body: string) => Answer;
  readonly remove: (room: string, id: string) => Answer;
  readonly react: (room: string, id: string, content: string) => Answer;
  readonly unreact: (room: string, id: string, content?: string) => Answer;
  readonly typing: (room: string) => Answer;
  readonly history: (room: string, limit?: number) => Answer;
  readonly invite: (person: string, room: string) => Answer;
  readonly close: () => Promise<void>;
}

export declare function openChat(options: {
  readonly base: string;
  readonly key: string;
  readonly platform: string;
  readonly account: string;
  readonly onEvent?: (event: Readonly<Record<string, unknown>>) => void;
}): Promise<Chat>;
