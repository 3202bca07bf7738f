/** ioredis' and Redis' own words for "not now": connection faults, time-outs, loading, full, read-only, fail-over. */
const AWAY =
  /^(Stream isn't writeable|Connection is closed|Connection is in|Command timed out|Reached the max retries|connect |read |write |None of startup nodes|Cluster |Failed to refresh|All sentinels|OOM|LOADING|READONLY|MISCONF|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|TRYAGAIN|BUSY|UNKILLABLE)/;

/** True when an error says that Redis can't be reached or refuses for now; anything else is a mistake of ours. */
export function isRedisAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as NodeJS.ErrnoException).code;
  return (
    AWAY.test(error.message) ||
    error.name === "MaxRetriesPerRequestError" ||
    error.name === "NotDurable" ||
    code === "ECONNRESET" ||
    code === "EPIPE"
  );
}
