/**
 * A line before a queue of BullMQ, in which projects take turns, and in a project its bays: the queue itself is kept short
 * and is filled from the line, so that whoever comes now stands behind one turn of each other project, however much
 * they have asked for.
 *
 * Rings in Redis: of projects, of bays in a project, of keys in a bay; each holds only what waits. One script does all, so a
 * key costs the same however many wait, and any number of processes may use the line. It is worth no more than
 * the queue: what is lost with Redis, or with a process between the line and the queue, is put in again by the sweeps.
 *
 * BullMQ's priorities were tried first: they are given once, when a job comes in, so they can't know of the bays that the
 * project will ask for while it waits.
 */
import { gather } from '@baykeeper/storage';
import type { RedisConnection } from './connection.js';

export interface LineOptions {
  /** Before the keys of the line in Redis; with the queue's own in one slot of a cluster. */
  readonly prefix: string;
  /** Keys that a project lets in before the next one has its turn; of one bay not more. */
  readonly turn: number;
  /** Jobs that may wait in the queue: what comes in waits for that many at least. */
  readonly most: number;
  /** The queue's list of jobs that wait for a worker. */
  readonly waiting: string;
  /** Before a key of the line: the key in Redis that is there as long as it has a job in the queue. */
  readonly busy: string;
  /**
   * What is put in for such a key is held until the job starts, which forgets it, or ends, which puts it into the line.
   * Otherwise it is dropped: the job is the same one.
   */
  readonly isHeld: boolean;
  /** Puts into the queue what is let in, in this order. */
  readonly letIn: (payloads: readonly string[]) => Promise<void>;
}

export interface LineEntry {
  readonly project: string;
  readonly bay: string;
  /** Waits once at most, whatever is put in under it meanwhile. */
  readonly key: string;
  readonly payload: string;
}

export interface FairLine {
  put(entry: LineEntry): Promise<void>;
  /** Puts it in although it has a job: one that waits for its turn to go on. */
  putAgain(entry: LineEntry): Promise<void>;
  /** Whether the key waits in the line, and whether any other project does. */
  look(
    entry: Pick<LineEntry, 'project' | 'key'>,
  ): Promise<{ readonly isWaiting: boolean; readonly othersWait: boolean }>;
  /** A job has left the queue for a worker, who will know all that was said of the key until now. */
  started(key: string): Promise<void>;
  /** The job has ended: what was held for it while it ran waits in the line now. */
  ended(entry: Omit<LineEntry, 'payload'>): Promise<void>;
  /** Lets in what there is room for. */
  refill(): Promise<void>;
  /** @returns how many wait in the line, and the payload of the next one of the bay that has waited longest */
  measure(): Promise<{ readonly length: number; readonly oldest: string | null }>;
}

type Word = readonly [verb: 'put' | 'again' | 'started' | 'ended' | 'refill', ...LineWord];
type LineWord = readonly [project: string, bay: string, key: string, payload: string];

/** Words in one call of the script: it keeps all others from Redis as long as it runs. */
const WORDS_AT_ONCE = 500;

/**
 * KEYS: the line, the queue's waiting list. ARGV: most, turn, the time, busy, 'hold' or ''; then five for each word. Answers with the
 * payloads that are let in, when the queue has run half empty: not one by one.
 */
const SCRIPT = `
  local line, waiting = KEYS[1], KEYS[2]
  local most, turn, now, busy, hold = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
  local projects, payloads, since = line .. ':projects', line .. ':payloads', line .. ':since'
  local held, served = line .. ':held', line .. ':served'

  local function put(project, bay, key, payload)
    if redis.call('HSETNX', payloads, key, payload) == 0 then return end
    if redis.call('RPUSH', line .. ':bay:' .. bay, key) > 1 then return end
    redis.call('ZADD', since, now, bay)
    if redis.call('RPUSH', line .. ':project:' .. project, bay) > 1 then return end
    redis.call('RPUSH', projects, project)
  end

  for at = 6, #ARGV, 5 do
    local verb, project, bay, key, payload = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
    if verb == 'put' then
      if redis.call('EXISTS', busy .. key) == 0 then put(project, bay, key, payload)
      elseif hold ~= '' then redis.call('HSET', held, key, payload) end
    elseif verb == 'again' then put(project, bay, key, payload)
    elseif verb == 'started' then redis.call('HDEL', held, key)
    elseif verb == 'ended' then
      local kept = redis.call('HGET', held, key)
      if kept then
        redis.call('HDEL', held, key)
        put(project, bay, key, kept)
      end
    end
  end

  local room = most - redis.call('LLEN', waiting)
  local taken = {}
  if room * 2 < most then return taken end
  while #taken < room do
    local project = redis.call('LINDEX', projects, 0)
    if not project then break end
    local bays = line .. ':project:' .. project
    local bay = redis.call('LINDEX', bays, 0)
    local keys = line .. ':bay:' .. bay
    local key = redis.call('LPOP', keys)
    taken[#taken + 1] = redis.call('HGET', payloads, key)
    redis.call('HDEL', payloads, key)
    local isOver = redis.call('INCR', served) >= turn
    local isEmpty = redis.call('EXISTS', keys) == 0
    if isEmpty then redis.call('ZREM', since, bay) end
    if isEmpty or isOver then redis.call('LPOP', bays) end
    if isOver and not isEmpty then redis.call('RPUSH', bays, bay) end
    local isAlone = redis.call('EXISTS', bays) == 0
    if isAlone or isOver then
      redis.call('LPOP', projects)
      redis.call('DEL', served)
    end
    if isOver and not isAlone then redis.call('RPUSH', projects, project) end
  end
  return taken`;

const MEASURE = `
  local line = KEYS[1]
  local bay = redis.call('ZRANGE', line .. ':since', 0, 0)[1]
  local key = bay and redis.call('LINDEX', line .. ':bay:' .. bay, 0)
  return {redis.call('HLEN', line .. ':payloads'), key and redis.call('HGET', line .. ':payloads', key) or false}`;

export function openFairLine(redis: RedisConnection, options: LineOptions): FairLine {
  const { prefix, turn, most, waiting, busy, isHeld, letIn } = options;
  const say = gather(
    async (words: readonly Word[]) => {
      const terms = [most, turn, Date.now(), busy, isHeld ? 'hold' : ''];
      const taken = await redis.eval(SCRIPT, 2, prefix, waiting, ...terms, ...words.flat());
      const payloads = taken as readonly string[];
      if (payloads.length > 0) await letIn(payloads);
      return words.map(() => undefined);
    },
    { atOnce: 4, most: WORDS_AT_ONCE },
  );
  return {
    put: ({ project, bay, key, payload }) => say(['put', project, bay, key, payload]),
    putAgain: ({ project, bay, key, payload }) => say(['again', project, bay, key, payload]),
    async look({ project, key }) {
      const [isThere, projects] = await Promise.all([
        redis.hexists(`${prefix}:payloads`, key),
        // Each is in the ring once.
        redis.lrange(`${prefix}:projects`, 0, 1),
      ]);
      return { isWaiting: isThere === 1, othersWait: projects.some((other) => other !== project) };
    },
    started: (key) => say(['started', '', '', key, '']),
    ended: ({ project, bay, key }) => say(['ended', project, bay, key, '']),
    refill: () => say(['refill', '', '', '', '']),
    async measure() {
      const [length, oldest] = (await redis.eval(MEASURE, 1, prefix)) as [number, string | null];
      return { length, oldest };
    },
  };
}
