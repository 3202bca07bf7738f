import { type ErrorRow, Failure, type FailureOptions } from "../../model/failure.ts";
import { optional } from "../../model/optional.ts";
import { nodeError } from "./node-error.ts";
import { type StandardError, standardErrors } from "./standard-errors.ts";

/** Row of a platform's table. A standard error, a standard error with its own sentence, or a full row. */
export type ErrorEntry = StandardError | ErrorRow | { readonly as: StandardError; readonly detail: string };

/** Facts that a failure carries beside its row. */
export interface FailureFacts {
  /** The network's code, e.g. `550 5.1.1`; empty or undefined: none. Never a secret. */
  readonly platformCode?: string | undefined;
  readonly cause?: unknown;
  /** Wait that the network asked for, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** True when the effect may have happened although no answer came. */
  readonly mayHaveLanded?: boolean;
}

/** Options of an error table. */
export interface ErrorTableOptions<Code extends string> {
  /** Subject of the standard sentences, such as "The mail server". */
  readonly network: string;
  /** Sentences that replace standard ones on this network. */
  readonly details?: Partial<Record<StandardError, string>>;
  /** The network's own codes and their meanings. */
  readonly codes: Readonly<Record<Code, ErrorEntry>>;
}

/** Meanings of a network's errors, and the failures made of them. */
export interface ErrorTable {
  /** Row of a code of the network; undefined: not in the table. */
  readonly lookup: (code: string | number) => ErrorRow | undefined;
  /** Resolves an entry to its row. */
  readonly row: (entry: ErrorEntry) => ErrorRow;
  /** Makes the failure of an entry. */
  readonly failure: (entry: ErrorEntry, facts?: FailureFacts) => Failure;
  /**
   * Classifies what is no error of the network itself: failures pass as they are. Aborts, time-outs, Node's network and
   * TLS errors become the standard ones, all else `internal`. Never throws.
   */
  readonly classify: (thrown: unknown) => Failure;
}

/** Builds the error table of a platform. The only place that gives its errors kinds, codes and sentences. */
export function errorTable<Code extends string>({ network, details = {}, codes }: ErrorTableOptions<Code>): ErrorTable {
  const standard = standardErrors(network);
  const rows = new Map<string, ErrorRow>(
    Object.entries<ErrorEntry>(codes).map(([code, entry]) => [code, row(entry)] as const),
  );

  function row(entry: ErrorEntry): ErrorRow {
    if (typeof entry === "string") return withDetail(standard[entry], details[entry]);
    return "as" in entry ? withDetail(standard[entry.as], entry.detail) : entry;
  }
  function failure(entry: ErrorEntry, facts: FailureFacts = {}): Failure {
    const [kind, code, detail] = row(entry);
    const { platformCode, ...rest } = facts;
    return new Failure({
      kind,
      code,
      detail,
      ...optional("platformCode", platformCode || undefined),
      ...defined(rest),
    });
  }
  return {
    lookup: (code) => rows.get(String(code)),
    row,
    failure,
    classify(thrown) {
      if (thrown instanceof Failure) return thrown;
      const { meaning, code } = nodeError(thrown);
      return failure(meaning, { platformCode: code, cause: thrown });
    },
  };
}

/** Returns the same failure, marked as possibly carried out. The work is then never simply repeated. */
export function failureWith(failure: Failure, changes: Partial<FailureOptions>): Failure {
  const { kind, code, message: detail, retryAfterMs, mayHaveLanded, platformCode, cause } = failure;
  const facts = { kind, code, detail, mayHaveLanded, ...defined({ retryAfterMs, platformCode, cause }) };
  return new Failure({ ...facts, ...changes });
}

function withDetail([kind, code, detail]: ErrorRow, own: string | undefined): ErrorRow {
  return [kind, code, own ?? detail];
}

/** Drops undefined values, which exact optional properties do not allow. */
function defined<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Fields]?: Exclude<Fields[Key], undefined>;
  };
}
