type Bag = Record<string, unknown>;

/** True for a JSON object. */
export function isObject(value: unknown): value is Bag {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Brings what PHP and 2013 clients send into the one form that schemas know. One target becomes a list, an empty list
 * stands for an empty object (`json_encode([])`), `object.text` is `object.body`. Leaves wrong input for validation.
 */
export function normalize(posted: Bag): Bag {
  const { rid: _, options, target, object, actor, ...rest } = posted;
  return {
    ...rest,
    ...(actor === undefined ? {} : { actor: emptied(actor) }),
    target: target === undefined ? [] : isObject(target) ? [target] : target,
    object: object === undefined ? {} : withBody(emptied(object)),
    ...(options === undefined ? {} : { options: emptied(options) }),
  };
}

/** Points back at what was posted: `/target/0/address` of a lone target is `/target/address` there. */
export function postedPointer(posted: Bag, pointer: string): string {
  const asPosted = isObject(posted.target) ? pointer.replace(/^\/target\/0(?=\/|$)/, "/target") : pointer;
  const saidText = isObject(posted.object) && "text" in posted.object && !("body" in posted.object);
  return saidText ? asPosted.replace(/^\/object\/body(?=\/|$)/, "/object/text") : asPosted;
}

function emptied(value: unknown): unknown {
  return Array.isArray(value) && value.length === 0 ? {} : value;
}

function withBody(object: unknown): unknown {
  if (!isObject(object) || !("text" in object) || "body" in object) return object;
  const { text, ...others } = object;
  return { ...others, body: text };
}
