/**
 * The cluster's own store, over etcd's JSON gateway (etcd v3, "API gRPC gateway"; numbers of 64 bits are texts in it), with
 * a certificate of the bay's etcd authority.
 */
import type { Node } from '@baykeeper/domain';
import { z } from 'zod';
import type { EngineContext } from '../../contracts/engine.js';
import { openHttpsJson, type HttpsJson } from './https-json.js';
import { mastersOf } from './kubernetes-cluster.js';
import { ETCD_PORT } from './kubernetes.config.js';
import { unreachable } from './kubernetes.errors.js';

const TIMEOUT_MS = 5_000;

const member = z
  .object({ ID: z.string(), name: z.string().default(''), peerURLs: z.array(z.string()).default([]) })
  .loose();
/** Without a name it was announced and never started. */
export type EtcdMember = z.infer<typeof member>;

const members = z.object({ members: z.array(member) }).loose();
const status = z.object({ leader: z.string().optional(), header: z.object({ member_id: z.string() }).loose() }).loose();
const health = z.object({ health: z.string() }).loose();

export interface EtcdCluster {
  readonly members: readonly EtcdMember[];
  /** The leader cannot be taken out without a pause: it hands over its office first. */
  remove(member: EtcdMember): Promise<void>;
}

/**
 * Speaks with the first member that answers; `last` is asked after the others.
 * @throws BaykeeperError `provider-unavailable` when none answers.
 */
export async function withEtcd<T>(
  context: EngineContext,
  work: (etcd: EtcdCluster) => Promise<T>,
  last?: Node,
): Promise<T> {
  let problem: unknown = unreachable('etcd', new Error('no master has joined yet'));
  for (const master of mastersOf(context, last)) {
    const api = openEtcd(context, master);
    try {
      let known: readonly EtcdMember[];
      try {
        // A member that is cut off from the others knows no leader, and answers nothing that needs one.
        known = read(
          members,
          await api.call('POST', '/v3/cluster/member/list', { linearizable: true }),
          master,
        ).members;
      } catch (error) {
        problem = error;
        continue;
      }
      return await work({ members: known, remove: (entry) => remove(context, api, master, known, entry) });
    } finally {
      api.close();
    }
  }
  throw problem;
}

/** Whether the node's own member is well, by its own word: it takes part in a majority. */
export async function isEtcdHealthy(context: EngineContext, master: Node): Promise<boolean> {
  const api = openEtcd(context, master, 3_000);
  try {
    return read(health, await api.call('GET', '/health'), master).health === 'true';
  } catch {
    return false;
  } finally {
    api.close();
  }
}

async function remove(
  context: EngineContext,
  api: HttpsJson,
  asked: Node,
  known: readonly EtcdMember[],
  entry: EtcdMember,
): Promise<void> {
  const heir = known.find(({ ID, name }) => ID !== entry.ID && name !== '');
  const answer = read(status, await api.call('POST', '/v3/maintenance/status', {}), asked);
  if (answer.leader === entry.ID && heir) await handOver(context, entry, heir);
  await api.call('POST', '/v3/cluster/member/remove', { ID: entry.ID });
}

/** Only the leader itself can do it; one that does not answer loses its office by that. */
async function handOver(context: EngineContext, leader: EtcdMember, heir: EtcdMember): Promise<void> {
  const master = mastersOf(context).find((node) => node.name === leader.name);
  if (!master) return;
  const api = openEtcd(context, master);
  try {
    await api.call('POST', '/v3/maintenance/transfer-leadership', { targetID: heir.ID });
  } catch {
    // The removal itself makes the others choose another.
  } finally {
    api.close();
  }
}

function openEtcd({ identity }: EngineContext, master: Node, timeoutMs = TIMEOUT_MS): HttpsJson {
  const address = master.address ?? '';
  const etcd = identity?.etcd;
  if (etcd === undefined) throw unreachable(address, new Error('there is no identity for etcd'));
  return openHttpsJson({ address, port: ETCD_PORT, identity: etcd, timeoutMs });
}

function read<T>(shape: z.ZodType<T>, answer: unknown, { address }: Node): T {
  const read = shape.safeParse(answer);
  if (read.success) return read.data;
  throw unreachable(`${address ?? ''}:${String(ETCD_PORT)}`, read.error);
}
