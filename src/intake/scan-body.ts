import { setImmediate as nextTurn } from "node:timers/promises";
import { MalformedJson } from "./parse-json.ts";

/** An item weighs more than it may without its attachments' contents. */
export class BodyTooLarge extends Error {}

/** A list holds more items than it may. */
export class TooManyItems extends Error {}

/** Position of an attachment's content: the bytes between the quotes. */
export interface ContentRange {
  readonly start: number;
  readonly end: number;
}

/** Position of one activity in a body, and of its attachments' contents. */
export interface BodyItem {
  readonly start: number;
  readonly end: number;
  readonly contents: readonly ContentRange[];
}

interface Container {
  readonly isArray: boolean;
  key: string;
  isKeyNext: boolean;
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const WHITESPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
/** Bytes read before other requests get their turn. */
const SLICE_BYTES = 64 * 1024;
const MAX_DEPTH = 64;

/**
 * Finds the items of a body and their attachments' contents without parsing. Checks only nesting and sizes: what is not
 * JSON is found when the items are parsed. Contents are skipped by a search for their closing quote.
 */
export async function scanBody(bytes: Buffer, limits: ScanLimits): Promise<ScannedBody> {
  const scanner = new BodyScanner(bytes, limits);
  for (let isMore = true; isMore; ) {
    isMore = scanner.scan(SLICE_BYTES);
    if (isMore) await nextTurn();
  }
  return scanner.finish();
}

export interface ScanLimits {
  /** Size of an item without its attachments' contents. */
  readonly maxBytes: number;
  readonly maxItems: number;
}

export interface ScannedBody {
  readonly isList: boolean;
  readonly items: readonly BodyItem[];
}

class BodyScanner {
  readonly #bytes: Buffer;
  readonly #limits: ScanLimits;
  readonly #items: BodyItem[] = [];
  readonly #stack: Container[] = [];
  readonly #isList: boolean;
  #position: number;
  /** Of the current item. */
  #start: number;
  #contents: ContentRange[] = [];
  #contentBytes = 0;
  #isClosed: boolean;

  constructor(bytes: Buffer, limits: ScanLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
    const start = bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0;
    this.#position = start;
    while (WHITESPACE.has(bytes[this.#position] ?? 0)) {
      if (++this.#position - start > limits.maxBytes) throw new BodyTooLarge();
    }
    this.#isList = bytes[this.#position] === OPEN_ARRAY;
    if (this.#isList) this.#position++;
    this.#isClosed = !this.#isList;
    this.#start = this.#position;
  }

  /** Scans some more bytes; returns false at the end of the body. */
  scan(count: number): boolean {
    for (const end = Math.min(this.#bytes.length, this.#position + count); this.#position < end; this.#position++) {
      this.#scanByte(this.#bytes[this.#position] ?? 0);
      if (this.#position + 1 - this.#start - this.#contentBytes > this.#limits.maxBytes) throw new BodyTooLarge();
    }
    return this.#position < this.#bytes.length;
  }

  finish(): ScannedBody {
    if (this.#stack.length > 0 || !this.#isClosed) throw malformed();
    if (!this.#isList) this.#finishItem(this.#bytes.length);
    else if (!isBlank(this.#bytes, this.#start, this.#bytes.length)) throw malformed();
    return { isList: this.#isList, items: this.#items };
  }

  #scanByte(byte: number): void {
    if (byte === QUOTE) this.#scanString();
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) this.#open(byte === OPEN_ARRAY);
    else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) this.#close(byte === CLOSE_ARRAY);
    else if (byte === COLON || byte === COMMA) this.#separate(byte === COMMA);
  }

  #open(isArray: boolean): void {
    if (this.#stack.push({ isArray, key: "", isKeyNext: !isArray }) > MAX_DEPTH) {
      throw new MalformedJson("The JSON is nested deeper than 32.");
    }
  }

  #close(isArray: boolean): void {
    if (this.#stack.pop() !== undefined) return;
    if (!this.#isList || this.#isClosed || !isArray) throw malformed();
    this.#isClosed = true;
    if (this.#items.length > 0 || !isBlank(this.#bytes, this.#start, this.#position)) this.#finishItem(this.#position);
    this.#start = this.#position + 1;
  }

  #separate(isComma: boolean): void {
    const container = this.#stack.at(-1);
    if (container) container.isKeyNext = isComma && !container.isArray;
    else if (isComma && this.#isList) this.#finishItem(this.#position);
  }

  #scanString(): void {
    const container = this.#stack.at(-1);
    const opening = this.#position;
    const quote = this.#bytes.indexOf(QUOTE, opening + 1);
    if (quote !== -1 && this.#bytes[quote - 1] !== BACKSLASH && isContent(this.#stack)) {
      this.#contents.push({ start: opening + 1, end: quote });
      this.#contentBytes += quote - opening - 1;
      this.#position = quote;
      return;
    }
    this.#position = endOfString(this.#bytes, opening, quote, this.#limits.maxBytes);
    if (container?.isKeyNext) {
      container.key = this.#bytes.toString("latin1", opening + 1, Math.min(this.#position, opening + 16));
    }
  }

  #finishItem(end: number): void {
    if (this.#items.length === this.#limits.maxItems) throw new TooManyItems();
    this.#items.push({ start: this.#start, end, contents: this.#contents });
    this.#start = end + 1;
    this.#contents = [];
    this.#contentBytes = 0;
  }
}

/** True at the value of `object.attachments[n].content`. */
function isContent(stack: readonly Container[]): boolean {
  const [item, object, attachments, attachment] = stack;
  return (
    stack.length === 4 &&
    item?.key === "object" &&
    object?.key === "attachments" &&
    attachments?.isArray === true &&
    attachment?.key === "content" &&
    !attachment.isKeyNext
  );
}

/** Returns the position of the closing quote; `quote` is the first one after the opening. */
function endOfString(bytes: Buffer, opening: number, quote: number, maxBytes: number): number {
  for (let end = quote; end !== -1; end = bytes.indexOf(QUOTE, end + 1)) {
    if (end - opening > maxBytes) throw new BodyTooLarge();
    let escapes = 0;
    while (bytes[end - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return end;
  }
  throw malformed();
}

function malformed(): MalformedJson {
  return new MalformedJson("The body is not valid JSON.");
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let position = start; position < end; position++) if (!WHITESPACE.has(bytes[position] ?? 0)) return false;
  return true;
}
