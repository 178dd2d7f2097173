/** Request ids: one per request, in the form of OpenStack's services, on every log line that is written for it. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

const FORM = /^req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const current = new AsyncLocalStorage<string>();

/**
 * The id for a request. A caller's own id (`X-OpenStack-Request-Id`) is kept when it has OpenStack's form, so that one id
 * can be followed through several services; anything else could forge log lines.
 */
export function chooseRequestId(given?: unknown): string {
  return typeof given === 'string' && FORM.test(given) ? given : `req-${randomUUID()}`;
}

/** Every log line written by `work`, also after its awaits, carries the id. */
export function withRequestId<Result>(id: string, work: () => Result): Result {
  return current.run(id, work);
}

export function currentRequestId(): string | undefined {
  return current.getStore();
}
