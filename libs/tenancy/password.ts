/**
 * Passwords as scrypt hashes (RFC 7914) with salt and parameters beside them, so that the parameters can grow without
 * locking anybody out. Hashing runs in the thread pool, a few at a time: a flood of logins must not starve the rest of
 * the process of threads and memory. Who waits is served in turns by where it comes from, so that a flood from one
 * address makes that address wait.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { BaykeeperError } from '@baykeeper/domain';

export interface PasswordCost {
  /** log2 of the CPU and memory cost N. */
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** One of the settings that OWASP's password storage cheat sheet holds for equal: 32 MiB, some 0.2 s of one core. */
const COST: PasswordCost = { logN: 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** A stored hash must not be able to ask for more than we ever wrote, or will write. */
const LARGEST_MEMORY = 256 * 1024 * 1024;

const AT_ONCE = 2;
/** Beyond them waiting would take longer than clients wait. */
const MOST_WAITING_PER_SOURCE = 32;
const MOST_WAITING = 128;

const FORMAT = /^scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w-]{16,})\$([\w-]{32,})$/;

/** Hashes and compares. What was hashed at another cost is compared all the same. */
export interface Passwords {
  /** @returns `scrypt$ln=…,r=…,p=…$salt$hash`, salt and hash in base64url */
  hash(password: string, source?: string): Promise<string>;
  /**
   * In constant time. A stored text that is no hash of ours matches nothing.
   * @param source the address that it is done for; all that say none wait together
   * @throws BaykeeperError `too-many-requests`
   */
  matches(password: string, stored: string, source?: string): Promise<boolean>;
  /** Whether a hash was made at another cost than new ones are. */
  isOutdated(stored: string): boolean;
  /** Takes as long as comparing with a real one, and matches nothing: for users that do not exist. */
  readonly nobodysHash: string;
}

/** @param cost only tests have a reason to say it */
export function openPasswords(cost: PasswordCost = COST): Passwords {
  const prefix = `scrypt$${parametersOf(cost)}$`;
  return {
    async hash(password, source = '') {
      const salt = randomBytes(SALT_BYTES);
      const hash = await derive(source, password, salt, cost);
      return `${prefix}${salt.toString('base64url')}$${hash.toString('base64url')}`;
    },
    async matches(password, stored, source = '') {
      const parts = FORMAT.exec(stored);
      if (!parts) return false;
      const [, logN, r, p, salt = '', hash = ''] = parts;
      const expected = Buffer.from(hash, 'base64url');
      const derived = await derive(source, password, Buffer.from(salt, 'base64url'), {
        logN: Number(logN),
        r: Number(r),
        p: Number(p),
      });
      return expected.length === derived.length && timingSafeEqual(expected, derived);
    },
    isOutdated: (stored) => !stored.startsWith(prefix),
    nobodysHash: `${prefix}${'A'.repeat(22)}$${'A'.repeat(43)}`,
  };
}

function parametersOf({ logN, r, p }: PasswordCost): string {
  return `ln=${logN},r=${r},p=${p}`;
}

let running = 0;
let waitingCount = 0;
/** Of every source that waits, in the order of their turns. */
const waiting = new Map<string, (() => void)[]>();

async function derive(source: string, password: string, salt: Buffer, cost: PasswordCost): Promise<Buffer> {
  // Whoever ends hands over its place, so the number of the running ones stays.
  if (running >= AT_ONCE) await waitForTurn(source);
  else running += 1;
  try {
    return await runScrypt(password, salt, cost);
  } finally {
    const next = takeNext();
    if (next) next();
    else running -= 1;
  }
}

function waitForTurn(source: string): Promise<void> {
  const queue = waiting.get(source) ?? [];
  if (waitingCount >= MOST_WAITING || queue.length >= MOST_WAITING_PER_SOURCE) {
    throw new BaykeeperError({
      code: 'too-many-requests',
      publicMessage: 'Too many people log in at the moment. Try again in a few seconds.',
    });
  }
  waitingCount += 1;
  waiting.set(source, queue);
  return new Promise((resolve) => queue.push(resolve));
}

function takeNext(): (() => void) | undefined {
  for (const [source, queue] of waiting) {
    const next = queue.shift();
    // To the end of the line, if more of it wait.
    waiting.delete(source);
    if (queue.length > 0) waiting.set(source, queue);
    waitingCount -= 1;
    return next;
  }
  return undefined;
}

function runScrypt(password: string, salt: Buffer, { logN, r, p }: PasswordCost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, { N: 2 ** logN, r, p, maxmem: LARGEST_MEMORY }, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
