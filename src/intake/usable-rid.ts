import { Envelope } from "../model/activity.ts";
import { validationErrors } from "../model/validate.ts";
import { isObject } from "./normalize.ts";

const RidOnly = { type: "object", properties: { rid: Envelope.properties.rid } };

/** Returns the rid of posted input if it has a valid one, whatever else is wrong with the input. */
export function usableRid(posted: unknown): string | number | undefined {
  if (!isObject(posted) || validationErrors(RidOnly, posted).length > 0) return undefined;
  return posted.rid as string | number | undefined;
}
