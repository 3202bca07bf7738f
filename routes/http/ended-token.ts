/** A token that was right once but has expired or was revoked. A stream answers 204 so that EventSource stops. */
export class EndedToken extends Error {}
