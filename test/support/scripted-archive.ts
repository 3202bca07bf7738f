import type { Socket } from "node:net";

/** Message in a scripted archive. */
export interface ArchivedLine {
  readonly id: string;
  /** Sender's id. */
  readonly messageId: string;
  readonly from: string;
  readonly body: string;
  readonly stamp: string;
}

/**
 * Makes the part of a scripted XMPP server that answers queries of archives (XEP-0313). Archives are the account's and those
 * of rooms. Unknown ids are answered item-not-found. `lines` tells what is archived now; undefined: the archive gives no answer.
 */
export function scriptedArchive(
  lines: (room: string | undefined) => readonly ArchivedLine[] | undefined,
): (text: string, socket: Socket) => boolean {
  return (text, socket) => {
    const [, attributes = "", queryId = "", query = ""] =
      /<iq([^>]*)><query xmlns="urn:xmpp:mam:2" queryid="([^"]+)">(.*?)<\/query>/.exec(text) ?? [];
    if (queryId === "") return false;
    const id = /\bid="([^"]+)"/.exec(attributes)?.[1];
    const room = /\bto="([^"]+)"/.exec(attributes)?.[1];
    const archived = lines(room);
    if (archived === undefined) return true;
    const page = pageOf(archived, query);
    const from = room === undefined ? "" : ` from='${room}'`;
    if (page === undefined) {
      const error = "<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
      socket.write(`<iq type='error'${from} id='${id}'>${error}</iq>`);
      return true;
    }
    const results = page
      .map((line) => `<message${from}>${resultOf(line, queryId, room !== undefined)}</message>`)
      .join("");
    const last = page.length === 0 ? "" : `<last>${page.at(-1)?.id}</last>`;
    const set = `<set xmlns='http://jabber.org/protocol/rsm'>${last}</set>`;
    socket.write(
      `${results}<iq type='result'${from} id='${id}'><fin xmlns='urn:xmpp:mam:2' complete='true'>${set}</fin></iq>`,
    );
    return true;
  };
}

function pageOf(archived: readonly ArchivedLine[], query: string): readonly ArchivedLine[] | undefined {
  if (/<before\/>|<before><\/before>/.test(query)) return archived.slice(-1);
  const after = /<after>([^<]*)<\/after>/.exec(query)?.[1];
  const start = /var="start"><value>([^<]+)</.exec(query)?.[1] ?? "";
  const known = archived.findIndex(({ id }) => id === after);
  if (after !== undefined && known < 0) return undefined;
  return archived.slice(known + 1).filter(({ stamp }) => stamp >= start);
}

function resultOf({ id, messageId, from, body, stamp }: ArchivedLine, queryId: string, isRoom: boolean): string {
  const type = isRoom ? "groupchat" : "chat";
  const message = `<message xmlns='jabber:client' type='${type}' from='${from}' id='${messageId}'><body>${body}</body></message>`;
  const delay = `<delay xmlns='urn:xmpp:delay' stamp='${stamp}'/>`;
  const forwarded = `<forwarded xmlns='urn:xmpp:forward:0'>${delay}${message}</forwarded>`;
  return `<result xmlns='urn:xmpp:mam:2' queryid='${queryId}' id='${id}'>${forwarded}</result>`;
}
