import Type from "typebox";

/** Outcome of a target, as answers show it. */
export const TargetOutcomeSchema = Type.Object(
  {
    address: Type.String(),
    status: Type.String(),
    id: Type.Optional(Type.String()),
    error: Type.Optional(
      Type.Object(
        {
          code: Type.String(),
          detail: Type.String(),
          retryable: Type.Boolean(),
          platformCode: Type.Optional(Type.String()),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
