import { type DestinationStream, destination, type Logger, pino } from "pino";
import type { Log } from "../model/log.ts";
import type { Redaction } from "./redaction.ts";
import { sourcePositions } from "./source-positions.ts";

export interface LogDeps {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  /** Stands in every line: `api` or `worker`. */
  readonly role: string;
  readonly redaction: Redaction;
  /** Default: standard error, so that standard output keeps to what people read. */
  readonly to?: DestinationStream;
}

/** Creates the log of a running gateway. JSON lines, RFC 3339 times, secrets blanked by value. */
export function pinoLog(deps: LogDeps): Log {
  const errorWords = errorSerializer(sourcePositions());
  const logger = pino(
    {
      level: deps.level,
      base: { pid: process.pid, role: deps.role },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: deps.redaction.apply },
      serializers: { err: errorWords, error: errorWords },
    },
    deps.to ?? destination({ fd: 2, sync: true }),
  );
  return wrap(logger);
}

function wrap(logger: Logger): Log {
  return {
    debug: (fields, sentence) => logger.debug(fields, sentence),
    info: (fields, sentence) => logger.info(fields, sentence),
    warn: (fields, sentence) => logger.warn(fields, sentence),
    error: (fields, sentence) => logger.error(fields, sentence),
    child: (fields) => wrap(logger.child(fields)),
  };
}

/** Libraries hang requests, responses and options onto their errors: only these parts are logged. */
function errorSerializer(positions: (stack: string) => string): (thrown: unknown) => unknown {
  return (thrown) => {
    if (!(thrown instanceof Error)) return typeof thrown === "string" ? thrown : typeof thrown;
    const { name, message, stack } = thrown;
    const { code } = thrown as { readonly code?: unknown };
    return { name, message, ...(code === undefined ? {} : { code }), stack: stack && positions(stack) };
  };
}
