import { type RedisProcess, redisProcess, until } from "./redis-process.ts";

export interface RedisCluster {
  /** URL in the form of REDIS_URL. */
  readonly url: string;
  readonly nodes: readonly RedisProcess[];
  readonly stop: () => Promise<void>;
}

/** Three masters that share the slots. */
export async function redisCluster(): Promise<RedisCluster> {
  const nodes = await Promise.all(
    [1, 2, 3].map(() => redisProcess(["--cluster-enabled", "yes", "--cluster-node-timeout", "500"])),
  );
  const share = Math.ceil(16_384 / nodes.length);
  const [first] = nodes;
  for (const [i, node] of nodes.entries()) {
    await node.client().call("CLUSTER", "ADDSLOTSRANGE", i * share, Math.min(16_383, (i + 1) * share - 1));
    if (node !== first) await node.client().call("CLUSTER", "MEET", "127.0.0.1", String(first?.port));
  }
  for (const node of nodes) {
    await until(async () => String(await node.client().call("CLUSTER", "INFO")).includes("cluster_state:ok"));
    await until(async () => String(await node.client().call("CLUSTER", "INFO")).includes("cluster_known_nodes:3"));
  }
  return {
    url: `redis+cluster://${nodes.map((node) => `127.0.0.1:${node.port}`).join(",")}`,
    nodes,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}
