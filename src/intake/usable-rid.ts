import { Envelope } from "../model/activity.ts";
import { validationErrors } from "../model/validate.ts";
import { isObject } from "./normalize.ts";

const RidOnly = { type: "object", properties: { rid: Envelope.properties.rid } };

/** Returns a valid rid of posted input, whatever else is wrong with the input. */
export function usableRid(posted: unknown): string | number | undefined {
  if (!isObject(posted) || validationErrors(RidOnly, posted).length > 0) return undefined;
  return posted.rid as string | number | undefined;
}
