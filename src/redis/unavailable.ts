/** Messages of ioredis and Redis for passing conditions: connection faults, time-outs, loading, full, read-only, failover. */
const UNAVAILABLE =
  /^(Stream isn't writeable|Connection is closed|Connection is in|Command timed out|Reached the max retries|connect |read |write |None of startup nodes|Cluster |Failed to refresh|All sentinels|OOM|LOADING|READONLY|MISCONF|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|TRYAGAIN|BUSY|UNKILLABLE)/;

/** Returns whether an error means that Redis can't be reached or refuses for now. Other errors are bugs of ours. */
export function isRedisUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as NodeJS.ErrnoException).code;
  return (
    UNAVAILABLE.test(error.message) ||
    error.name === "MaxRetriesPerRequestError" ||
    error.name === "NotDurable" ||
    code === "ECONNRESET" ||
    code === "EPIPE"
  );
}
