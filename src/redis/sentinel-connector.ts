import { type SentinelConnectionOptions, SentinelConnector } from "ioredis";

/**
 * Asks sentinels for the master, and goes on asking during a failover.
 * ioredis leaves the failover detector of the former connection at work while it asks for the next. When the detector
 * hears of the new master meanwhile, ioredis takes that for a call of `disconnect` and ends the connection for good.
 */
export class FailoverConnector extends SentinelConnector {
  /** Takes the options of the connection, which ioredis hands over without their type. */
  constructor(options: unknown) {
    super(options as SentinelConnectionOptions);
  }

  override connect(...args: Parameters<SentinelConnector["connect"]>): ReturnType<SentinelConnector["connect"]> {
    // A new detector starts with the next connection.
    // biome-ignore lint/complexity/useLiteralKeys: TypeScript lets a private member of the library be read in no other way.
    this["failoverDetector"]?.cleanup();
    return super.connect(...args);
  }
}
