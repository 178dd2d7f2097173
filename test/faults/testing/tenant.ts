/**
 * A tenant who wants bays and does not give up: a request whose answer was lost is asked again, as a person would. What was
 * answered last is what the bays are to become.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Installation } from './installation.js';
import { send, type Answer } from '../../support/open-requests.js';

export interface BayWish {
  readonly masters: number;
  readonly workers: number;
}

export interface Tenant {
  /** By name; null: to be gone. */
  readonly wishes: ReadonlyMap<string, BayWish | null>;
  /** How often which wish for which bay was accepted, as the audit calls them. */
  readonly accepted: ReadonlyMap<string, number>;
  /** Does nothing where that would be above the quota, as do the others. */
  create(name: string, wish: BayWish): Promise<void>;
  scale(name: string, workers: number): Promise<void>;
  remove(name: string): Promise<void>;
}

/** The API may be dead and be started again meanwhile. */
const LONGEST_PATIENCE_MS = 90_000;
const ASK_AGAIN_MS = 100;

export function openTenant({ url, token }: Pick<Installation, 'url' | 'token'>, baymodel: string): Tenant {
  const wishes = new Map<string, BayWish | null>();
  const accepted = new Map<string, number>();
  const count = (name: string, action: string): void => {
    const key = `${name} ${action}`;
    accepted.set(key, (accepted.get(key) ?? 0) + 1);
  };
  const headers = {
    ...{ 'X-Auth-Token': token, 'Content-Type': 'application/json' },
    // The first version in which a bay may have no workers.
    'OpenStack-API-Version': 'container-infra 1.10',
  };

  async function ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const end = Date.now() + LONGEST_PATIENCE_MS;
    for (;;) {
      const text = body === undefined ? {} : { body: JSON.stringify(body) };
      const answer = await send(`${url}/v1/bays${path}`, { method, headers, ...text }).catch(() => null);
      if (answer !== null && answer.status < 500) return answer;
      if (Date.now() > end) throw new Error(`${method} ${path}: ${answer?.text ?? 'no answer'}`);
      await sleep(ASK_AGAIN_MS);
    }
  }

  function expectStatus(answer: Answer, ...wanted: readonly number[]): void {
    if (!wanted.includes(answer.status)) throw new Error(`${String(answer.status)}: ${answer.text}`);
  }

  return {
    wishes,
    accepted,
    async create(name, wish) {
      const body = { name, baymodel_id: baymodel, node_count: wish.workers, master_count: wish.masters };
      // A create whose answer was lost may have been done: the name tells.
      for (;;) {
        const known = await ask('GET', `/${name}`);
        if (known.status === 200) break;
        const answer = await send(`${url}/v1/bays`, { method: 'POST', headers, body: JSON.stringify(body) }).catch(
          () => null,
        );
        if (answer === null || answer.status >= 500) {
          await sleep(ASK_AGAIN_MS);
          continue;
        }
        expectStatus(answer, 202, 403);
        if (answer.status === 403) return;
        break;
      }
      wishes.set(name, wish);
      count(name, 'cluster:create');
    },
    async scale(name, workers) {
      const answer = await ask('PATCH', `/${name}`, [{ op: 'replace', path: '/node_count', value: workers }]);
      expectStatus(answer, 202, 403);
      if (answer.status === 403) return;
      const wish = wishes.get(name);
      // What is so already is accepted, and no change.
      if (wish && wish.workers !== workers) count(name, 'cluster:update');
      if (wish) wishes.set(name, { ...wish, workers });
    },
    async remove(name) {
      expectStatus(await ask('DELETE', `/${name}`), 202, 204, 404);
      wishes.set(name, null);
      count(name, 'cluster:delete');
    },
  };
}
