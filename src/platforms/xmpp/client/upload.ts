import { xml } from "@xmpp/client";
import { retryAfter } from "../../../platform/kit/retry-after.ts";
import type { Blob, VerbContext } from "../../../platform/platform.ts";
import { insecureUpload, noUploadService, protocolError, tooLarge, uploadFailure, uploadRefused } from "../errors.ts";
import type { Client } from "./client.ts";
import { type Service, servicesWith } from "./discovery.ts";
import type { Stanza } from "./library.ts";
import { attr } from "./stanza.ts";

const NS_UPLOAD = "urn:xmpp:http:upload:0";
/** Header fields of a slot that are passed on. All others must be ignored (XEP-0363 section 4). */
const SLOT_HEADERS = ["authorization", "cookie", "expires"];
const MAX_HEADER_CHARACTERS = 4_096;
/** Longest time for the upload of a file, in ms. */
const UPLOAD_TIMEOUT_MS = 120_000;

/** Place for one file: where to put it, and where receivers get it. */
interface Slot {
  readonly put: string;
  readonly get: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Uploads a file to the account's server (XEP-0363) through the egress guard. Resolves with its address for receivers.
 * Nothing is irreversible: a repeated attempt uploads again, and the server removes unused files after its own time.
 * Throws a `Failure` where the server has no service, refuses the file, or does not take it.
 */
export async function upload(client: Client, file: Blob, context: Pick<VerbContext, "fetch" | "signal">) {
  const [service] = await servicesWith(client, NS_UPLOAD).catch((thrown: unknown) => {
    throw uploadFailure(thrown);
  });
  if (service === undefined) throw noUploadService();
  if (file.content.length > maxFileSize(service)) throw tooLarge();
  const { put, get, headers } = await requestSlot(client, service, file);
  const answer = await context.fetch(put, {
    method: "PUT",
    headers: { ...headers, "content-type": mediaTypeOf(file) },
    body: file.content,
    signal: context.signal,
    timeoutMs: UPLOAD_TIMEOUT_MS,
    maxRedirects: 0,
  });
  if (answer.status < 200 || answer.status > 299)
    throw uploadRefused(answer.status, retryAfter(answer.headers["retry-after"]));
  return get;
}

/** Reads the largest file that a service announces, in bytes. */
function maxFileSize({ info }: Service): number {
  const fields = info.getChildren("x", "jabber:x:data").flatMap((form) => form.getChildren("field"));
  const size = Number(fields.find(({ attrs }) => attrs.var === "max-file-size")?.getChildText("value") || Number.NaN);
  return Number.isFinite(size) ? size : Number.POSITIVE_INFINITY;
}

async function requestSlot(client: Client, { jid }: Service, file: Blob): Promise<Slot> {
  const facts = { filename: file.name, size: String(file.content.length), "content-type": mediaTypeOf(file) };
  const request = client.stream.request("get", xml("request", { xmlns: NS_UPLOAD, ...facts }), jid);
  const answer = await request.catch((thrown: unknown) => {
    throw uploadFailure(thrown);
  });
  const slot = answer.getChild("slot", NS_UPLOAD);
  const put = slot?.getChild("put");
  const get = slot?.getChild("get");
  return { put: addressOf(client, put), get: addressOf(client, get), headers: headersOf(put) };
}

/** Reads an address. Without TLS anybody could read the file, so only accounts without TLS get such a slot. */
function addressOf({ context }: Client, element: Stanza | undefined): string {
  const address = attr(element, "url") ?? "";
  if (!URL.canParse(address)) throw protocolError("The upload service gives no address for the file.");
  const { protocol, href } = new URL(address);
  if (protocol === "https:" || (protocol === "http:" && context.credentials?.tls === "none")) return href;
  throw insecureUpload();
}

function headersOf(put: Stanza | undefined): Record<string, string> {
  const headers = (put?.getChildren("header") ?? []).map(
    (header) => [(attr(header, "name") ?? "").toLowerCase(), header.text().replaceAll(/[\r\n]/g, "")] as const,
  );
  return Object.fromEntries(
    headers.filter(([name, value]) => SLOT_HEADERS.includes(name) && value.length <= MAX_HEADER_CHARACTERS),
  );
}

function mediaTypeOf({ mediaType }: Blob): string {
  return mediaType ?? "application/octet-stream";
}
