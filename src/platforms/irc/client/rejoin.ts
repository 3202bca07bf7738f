import { classifyError } from "../errors.ts";
import { isRefusal } from "./coded-error.ts";
import type { Session } from "./session.ts";

/** Rooms that one line asks for. */
const AT_ONCE = 10;
/** Bytes of a line's list of rooms and keys: a line has 510. */
const LIST_BYTES = 480;

/** Goes back into the kept rooms; those that don't let us in are told to the app and stay kept. */
export async function rejoin({ ask, rooms, refusal }: Session, signal: AbortSignal): Promise<void> {
  const kept = await rooms.kept();
  if (kept.length === 0) return;
  // Keys are matched by place, so rooms with one come first.
  const sorted = [...kept.filter(({ key }) => key !== undefined), ...kept.filter(({ key }) => key === undefined)];
  const { messages } = await ask({ lines: joins(sorted), signal });
  for (const { room } of kept) {
    if (rooms.has(room)) continue;
    const refused = refusal(messages.filter((message) => isRefusal(message) && message.params.includes(room)));
    rooms.shutOut(room, refused ? classifyError(refused).message : "The channel did not let us in again.");
  }
}

/** The lines that join these rooms, several at a time. */
function joins(rooms: ReadonlyArray<{ readonly room: string; readonly key: string | undefined }>): readonly string[] {
  const lines: string[] = [];
  let group: Array<(typeof rooms)[number]> = [];
  const line = () =>
    `${group.map(({ room }) => room).join(",")} ${group.flatMap(({ key }) => (key === undefined ? [] : [key])).join(",")}`;
  for (const room of rooms) {
    group.push(room);
    if (group.length > AT_ONCE || Buffer.byteLength(line()) > LIST_BYTES) {
      group.pop();
      lines.push(`JOIN ${line().trim()}`);
      group = [room];
    }
  }
  return [...lines, `JOIN ${line().trim()}`];
}
