import type { MimeTree } from "./mime-tree.ts";

/** Parts of a mail, some of them with their content. */
export type MailParts = Pick<MimeTree, "leaves" | "isComplete">;

/** A task for the parser's thread; `truncated` when `source` is not the whole mail. */
export interface MailTask {
  readonly source: Uint8Array;
  readonly truncated: boolean;
  /** Parts that were read one by one; `source` is then the head. */
  readonly parts?: MailParts;
}

/** A task for the parser's thread. It looks for a delivery report in a mail's first bytes. */
export interface ReportTask {
  readonly report: Uint8Array;
}
