import Type from "typebox";
import { SCOPES } from "../../src/model/caller.ts";

const Scopes = Type.Array(Type.Enum([...SCOPES]), { minItems: 1, maxItems: SCOPES.length });

/** Body of `POST /admin/apps`. */
export const AppRequest = Type.Object(
  {
    name: Type.String({ maxLength: 64, description: "1 to 64 letters, digits, spaces and . _ -" }),
    scopes: Type.Optional({ ...Scopes, description: "Scopes of the first key; default: all." }),
  },
  { additionalProperties: false },
);

/** Body of `POST /admin/apps/{app}/keys`. */
export const KeyRequest = Type.Object(
  { scopes: Type.Optional({ ...Scopes, description: "Default: those of the newest key." }) },
  { additionalProperties: false },
);

/** A new key; `key` is shown once. */
export const IssuedKeyAnswer = Type.Object(
  {
    app: Type.String({ description: "Id of the app." }),
    name: Type.String({ description: "Name of the app." }),
    keyId: Type.String(),
    key: Type.String({ description: "The key. It cannot be read again." }),
  },
  { additionalProperties: false },
);

/** Apps with their live keys, without secrets. */
export const AppListAnswer = Type.Object(
  {
    apps: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          name: Type.String(),
          created: Type.String({ format: "date-time" }),
          keys: Type.Array(
            Type.Object(
              {
                id: Type.String(),
                app: Type.String(),
                scopes: Type.Array(Type.Enum([...SCOPES])),
                created: Type.String({ format: "date-time" }),
              },
              { additionalProperties: false },
            ),
          ),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
