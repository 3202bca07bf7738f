/** Names of credentials' properties that hold secrets, on every platform. */
const SECRET_NAME = /pass|secret|token|key|verifier|cookie/i;

/** Returns the secret texts of an account's credentials, which must not stand in a log. */
export function secretValues(credentials: unknown, isSecret = false): string[] {
  if (typeof credentials === "string") return isSecret ? [credentials] : [];
  if (typeof credentials !== "object" || credentials === null) return [];
  return Object.entries(credentials).flatMap(([name, value]) =>
    secretValues(value, isSecret || SECRET_NAME.test(name)),
  );
}
