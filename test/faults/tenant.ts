/**
 * A tenant that goes on wishing while everything around it dies: each wish is asked for until there is an answer, and the
 * last one that was accepted is what must come true.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from './random.js';

export interface Wish {
  readonly name: string;
  readonly id: string;
  /** Null: it is to be gone. */
  readonly nodes: number | null;
}

export interface Tenant {
  /** The last wish for each bay. */
  readonly wishes: ReadonlyMap<string, Wish>;
  /** One wish more, until it is accepted. */
  act(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

const MOST_BAYS = 4;
const MOST_NODES = 5;
const TRY_AGAIN_MS = 100;
const GIVE_UP_MS = 90_000;

export function openTenant(options: { name: string; url: string; token: string; random: Random }): Tenant {
  const { name: prefix, url, token, random } = options;
  const wishes = new Map<string, Wish>();
  let made = 0;

  async function once(method: string, path: string, body?: unknown): Promise<Reply> {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...{ 'X-Auth-Token': token, 'Content-Type': 'application/json' },
        // The first version in which a bay may have no workers.
        'OpenStack-API-Version': 'container-infra 1.10',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** Until somebody answers who knows: not while the service or its database is away. */
  async function ask(method: string, path: string, body?: unknown): Promise<Reply> {
    const end = Date.now() + GIVE_UP_MS;
    for (;;) {
      const reply = await once(method, path, body).catch(() => null);
      if (reply !== null && reply.status < 500) return reply;
      if (Date.now() > end) throw new Error(`${method} ${path}: ${reply?.text ?? 'no answer'}`);
      await pause(TRY_AGAIN_MS);
    }
  }

  /** A lost answer leaves open whether the bay was made: the name tells. */
  async function create(): Promise<void> {
    made += 1;
    const name = `${prefix}-${String(made)}`;
    const nodes = random.below(MOST_NODES + 1);
    const end = Date.now() + GIVE_UP_MS;
    for (;;) {
      const reply = await once('POST', '/v1/bays', { name, baymodel_id: 'swarm-web', node_count: nodes }).catch(
        () => null,
      );
      if (reply?.status === 202) {
        wishes.set(name, { name, id: (JSON.parse(reply.text) as { uuid: string }).uuid, nodes });
        return;
      }
      if (reply !== null && reply.status < 500)
        throw new Error(`creating ${name}: ${String(reply.status)} ${reply.text}`);
      const known = await ask('GET', `/v1/bays/${name}`);
      if (known.status === 200) {
        wishes.set(name, { name, id: (JSON.parse(known.text) as { uuid: string }).uuid, nodes });
        return;
      }
      if (Date.now() > end) throw new Error(`creating ${name}: ${reply?.text ?? 'no answer'}`);
      await pause(TRY_AGAIN_MS);
    }
  }

  async function scale(wish: Wish): Promise<void> {
    const nodes = random.below(MOST_NODES + 1);
    const patch = [{ op: 'replace', path: '/node_count', value: nodes }];
    const reply = await ask('PATCH', `/v1/bays/${wish.id}`, patch);
    if (reply.status !== 202) throw new Error(`scaling ${wish.name}: ${String(reply.status)} ${reply.text}`);
    wishes.set(wish.name, { ...wish, nodes });
  }

  async function remove(wish: Wish): Promise<void> {
    const reply = await ask('DELETE', `/v1/bays/${wish.id}`);
    // Not found: an answer was lost, and it was quick.
    if (reply.status !== 204 && reply.status !== 404)
      throw new Error(`deleting ${wish.name}: ${String(reply.status)} ${reply.text}`);
    wishes.set(wish.name, { ...wish, nodes: null });
  }

  return {
    wishes,
    async act() {
      const living = [...wishes.values()].filter(({ nodes }) => nodes !== null);
      const choice = random.below(10);
      if (living.length === 0 || (choice < 4 && living.length < MOST_BAYS)) return create();
      if (choice < 8) return scale(random.pick(living));
      return remove(random.pick(living));
    },
  };
}
