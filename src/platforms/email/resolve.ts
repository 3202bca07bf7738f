import type { Activity } from "../../activity.ts";
import type { Lent, Receipt } from "../../platform.ts";
import type { MailReader } from "./arrived-mail.ts";
import type { Client } from "./client.ts";

/** Finds out what became of work that broke after its commit; undefined when nobody can tell. */
export async function resolve(
  _client: Client,
  _activity: Activity,
  _lent: Lent,
  _reader: MailReader,
): Promise<Receipt | undefined> {
  return undefined;
}
