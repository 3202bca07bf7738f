import type { Static, TSchema } from "typebox";
import { Failure } from "../../../model/failure.ts";
import { validationErrors } from "../../../model/validate.ts";
import type { Egress } from "../../../platform/platform.ts";
import { refusal, unreadable } from "../errors.ts";
import { carried, type Request, type Response, type Signer } from "./http.ts";
import { type Budget, budget } from "./rate-limits.ts";
import type { Signing } from "./signing.ts";

/** One request with what it means for the work. */
export interface Ask extends Request {
  /** Awaited when there is room in the budget and nothing has left: the place for `commit`. */
  readonly before?: () => Promise<void>;
  /** Doing it twice is as good as once: a break is then no doubt, just a reason to do it again. */
  readonly repeatable?: boolean;
}

/** X's API for one account: signed, within its limits, through the egress guard. */
export interface Api {
  /** Throws a `Failure` for anything but an answer of that shape. */
  readonly ask: <Shape extends TSchema>(ask: Ask, shape: Shape) => Promise<Static<Shape>>;
  readonly limits: Budget["limits"];
  readonly spacing: Budget["spacing"];
}

interface Answer extends Response {
  /** After a 429: how long the caller is put off. */
  readonly waitMs: number;
}

/** Opens the API at `base` for whoever signs; nothing is asked yet. */
export function openApi(fetch: Egress["fetch"], signers: Signing, base: string): Api {
  const places = budget();

  async function answered({ before, ...ask }: Ask): Promise<Answer> {
    const signer = await signers.current();
    const answer = await once(ask, signer, before);
    const other = answer.status === 401 ? await signers.other(signer) : undefined;
    return other === undefined ? answer : once(ask, other);
  }

  async function once(ask: Request, signer: Signer, before?: () => Promise<void>): Promise<Answer> {
    const place = await places.enter(endpointOf(ask), ask.signal);
    try {
      await before?.();
    } catch (thrown) {
      place.unused();
      throw thrown;
    }
    try {
      const answer = await carried(fetch, base, signer, ask);
      return { ...answer, waitMs: place.answered(answer.headers, answer.status === 429) };
    } catch (thrown) {
      place.lost();
      throw ask.signal.aborted && ask.method !== "GET" ? stopped(thrown) : thrown;
    }
  }

  return {
    async ask(ask, shape) {
      try {
        const answer = await answered(ask);
        const { status, body } = answer;
        if (status >= 200 && status < 300 && validationErrors(shape, body).length === 0)
          return body as Static<typeof shape>;
        throw failed(endpointOf(ask), answer);
      } catch (thrown) {
        if (ask.repeatable && thrown instanceof Failure && thrown.mayHaveLanded) throw like(thrown, false);
        throw thrown;
      }
    },
    limits: places.limits,
    spacing: places.spacing,
  };
}

/** A request that was stopped on its way may have arrived all the same. */
function stopped(cause: unknown): Failure {
  const detail = "The work was stopped while X's answer was awaited.";
  return new Failure({ kind: "retryable", code: "platform-timeout", detail, mayHaveLanded: true, cause });
}

const endpointOf = ({ method, path }: Request): string => `${method} ${path}`;

/** X answers 200 with `errors` and without `data` for what it refuses, and with both for what it did in part. */
function failed(endpoint: string, { status, body, waitMs }: Answer): Failure {
  const isRefusal = status >= 300 || (typeof body === "object" && body !== null && "errors" in body);
  if (!isRefusal) return unreadable(endpoint, status);
  const failure = refusal({ endpoint, status, body });
  return failure.kind === "rate-limited" ? like(failure, false, waitMs) : failure;
}

function like(failure: Failure, mayHaveLanded: boolean, waitMs = failure.retryAfterMs): Failure {
  const { kind, code, message: detail, platformCode } = failure;
  return new Failure({
    kind,
    code,
    detail,
    mayHaveLanded,
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    ...(platformCode === undefined ? {} : { platformCode }),
  });
}
