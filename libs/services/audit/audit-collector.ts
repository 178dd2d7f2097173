/**
 * Audit entries of what changes nothing: logins, and requests that were refused. They cost a request no more than a place
 * in memory, are written in batches, and equal ones become one entry with a count: so nobody can fill the database by
 * being refused. A process that is killed loses those of its last second.
 */
import { detailOf, sourceOf, type Log } from '@baykeeper/domain';
import type { CollectedAuditEntry } from '@baykeeper/storage';

export type Collected = Omit<CollectedAuditEntry, 'count' | 'at'>;

export interface AuditCollector {
  /** Never waits, never throws. */
  add(entry: Collected): void;
  /** Writes what is due. For tests, which have no patience. */
  flush(): Promise<void>;
  /** Writes all that is left. */
  close(): Promise<void>;
}

export interface AuditCollectorSettings {
  readonly audit: { appendMany(entries: readonly CollectedAuditEntry[]): Promise<void> };
  readonly log: Log;
  /** Is told how many entries were left out. */
  readonly onDrop?: (count: number) => void;
  readonly now?: () => number;
  /** False: only when it is told to, for tests. */
  readonly writesByItself?: boolean;
}

const FLUSH_EVERY_MS = 1_000;
/** The first of equal ones is written with the next batch; those that follow once in so long, as one. */
const FOLDED_MS = 300_000;
/** New kinds of entries in a minute. Strangers get fewer of them, so that they can't keep out those whom we know. */
const NEW_PER_MINUTE = { known: 1_000, stranger: 200 } as const;
/** Kinds that one address is told apart by, as long as nobody knows who is there. */
const KINDS_PER_STRANGER = 20;
/** Entries that wait while the database is away. */
const MOST_WAITING = 5_000;
const BATCH = 500;
const LOGGED_EVERY_MS = 60_000;

/** Equal entries since the last one that was written. */
interface Fold {
  entry: Collected;
  /** 0: none since then. */
  count: number;
  firstAt: number;
  lastAt: number;
  dueAt: number;
  /** The address as limits count it, if it is a stranger's. */
  readonly stranger: string | null;
}

export function openAuditCollector({
  audit,
  log,
  onDrop = () => undefined,
  now = Date.now,
  writesByItself = true,
}: AuditCollectorSettings): AuditCollector {
  const folds = new Map<string, Fold>();
  const kindsOfStrangers = new Map<string, number>();
  const room = openRoom(now);
  let waiting: CollectedAuditEntry[] = [];
  let dropped = 0;
  let failure: unknown = null;
  let loggedAt = -Infinity;
  let flushing: Promise<void> | null = null;

  function add(entry: Collected): void {
    const source = sourceOf(entry.address);
    const stranger = entry.userId === null ? source : null;
    const { action, outcome, status, projectId, userId } = entry;
    const kind = [source, userId, projectId, action, outcome, status].join(' ');
    const isOneOfMany = !folds.has(kind) && (kindsOfStrangers.get(stranger ?? '') ?? 0) >= KINDS_PER_STRANGER;
    const key = isOneOfMany ? source : kind;
    const fold = folds.get(key);
    const at = now();
    if (fold) {
      if (fold.count === 0) fold.firstAt = at;
      fold.entry = fold.count === 0 ? entry : withoutTargetUnlessSame(entry, fold.entry);
      fold.count += 1;
      fold.lastAt = at;
      return;
    }
    if (!room.take(stranger === null ? 'known' : 'stranger')) {
      drop(1);
      return;
    }
    if (stranger !== null) kindsOfStrangers.set(stranger, (kindsOfStrangers.get(stranger) ?? 0) + 1);
    folds.set(key, { entry, count: 1, firstAt: at, lastAt: at, dueAt: at, stranger });
  }

  /** Moves to the waiting ones what is due by then, and forgets what did not happen again. */
  function collect(time: number): void {
    for (const [key, fold] of folds) {
      if (fold.dueAt > time) continue;
      if (fold.count === 0) {
        folds.delete(key);
        forget(fold.stranger);
      } else if (waiting.length < MOST_WAITING) {
        waiting.push(rowOf(fold));
      } else {
        drop(fold.count);
      }
      fold.count = 0;
      fold.dueAt = now() + FOLDED_MS;
    }
  }

  function drop(count: number): void {
    dropped += count;
    onDrop(count);
  }

  function forget(stranger: string | null): void {
    if (stranger === null) return;
    const left = (kindsOfStrangers.get(stranger) ?? 0) - 1;
    if (left > 0) kindsOfStrangers.set(stranger, left);
    else kindsOfStrangers.delete(stranger);
  }

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH);
      try {
        await audit.appendMany(batch);
      } catch (error) {
        failure = error;
        return;
      }
      waiting = waiting.slice(batch.length);
    }
  }

  function complain(): void {
    if ((failure === null && dropped === 0) || now() - loggedAt < LOGGED_EVERY_MS) return;
    loggedAt = now();
    if (failure !== null) log.warn({ error: detailOf(failure), waiting: waiting.length }, 'writing the audit failed');
    if (dropped > 0) log.warn({ dropped }, 'leaving entries out of the audit: there are too many');
    failure = null;
    dropped = 0;
  }

  async function flushOnce(time: number): Promise<void> {
    collect(time);
    await write();
    complain();
  }

  function flush(time = now()): Promise<void> {
    const next = (flushing ?? Promise.resolve()).then(() => flushOnce(time));
    flushing = next;
    return next;
  }

  const timer = writesByItself ? setInterval(() => void flush(), FLUSH_EVERY_MS) : undefined;
  timer?.unref();
  return {
    add,
    flush: () => flush(),
    async close() {
      clearInterval(timer);
      await flush(Infinity);
      if (waiting.length > 0) log.warn({ lost: waiting.length }, 'ending with audit entries that could not be written');
    },
  };
}

function rowOf({ entry, count, firstAt, lastAt }: Fold): CollectedAuditEntry {
  const since = count > 1 ? `Since ${new Date(firstAt).toISOString()}.` : null;
  const detail = [entry.detail, since].filter((sentence) => sentence !== null).join(' ');
  const row = { ...entry, detail: detail === '' ? null : detail, count, at: new Date(lastAt) };
  // PostgreSQL takes no such character, and one bad row would keep back all others.
  for (const name of ['userName', 'targetId', 'targetName', 'detail'] as const) {
    row[name] = row[name]?.replaceAll('\0', '') ?? null;
  }
  return row;
}

function withoutTargetUnlessSame(entry: Collected, before: Collected): Collected {
  const isSame = entry.targetId === before.targetId && entry.targetName === before.targetName;
  return isSame ? entry : { ...entry, targetId: null, targetName: null };
}

/** How many new kinds there may be in this minute. */
function openRoom(now: () => number): { take(whose: keyof typeof NEW_PER_MINUTE): boolean } {
  let until = -Infinity;
  let left = { ...NEW_PER_MINUTE } as Record<keyof typeof NEW_PER_MINUTE, number>;
  return {
    take(whose) {
      if (now() >= until) {
        until = now() + 60_000;
        left = { ...NEW_PER_MINUTE };
      }
      if (left[whose] === 0) return false;
      left[whose] -= 1;
      return true;
    },
  };
}
