/**
 * Passwords as scrypt hashes (RFC 7914) with salt and parameters beside them, so that the parameters can grow without
 * locking anybody out. Hashing runs in the thread pool, a few at a time: a flood of logins must not starve the rest of
 * the process of threads and memory.
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
/** Beyond it waiting would take longer than clients wait. */
const MOST_WAITING = 64;

const FORMAT = /^scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w-]{16,})\$([\w-]{32,})$/;

/** Hashes and compares. What was hashed at another cost is compared all the same. */
export interface Passwords {
  /** @returns `scrypt$ln=…,r=…,p=…$salt$hash`, salt and hash in base64url */
  hash(password: string): Promise<string>;
  /** In constant time. A stored text that is no hash of ours matches nothing. */
  matches(password: string, stored: string): Promise<boolean>;
  /** Whether a hash was made at another cost than new ones are. */
  isOutdated(stored: string): boolean;
  /** Takes as long as comparing with a real one, and matches nothing: for users that do not exist. */
  readonly nobodysHash: string;
}

/** @param cost only tests have a reason to say it */
export function openPasswords(cost: PasswordCost = COST): Passwords {
  const prefix = `scrypt$${parametersOf(cost)}$`;
  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES);
      const hash = await derive(password, salt, cost);
      return `${prefix}${salt.toString('base64url')}$${hash.toString('base64url')}`;
    },
    async matches(password, stored) {
      const parts = FORMAT.exec(stored);
      if (!parts) return false;
      const [, logN, r, p, salt = '', hash = ''] = parts;
      const expected = Buffer.from(hash, 'base64url');
      const derived = await derive(password, Buffer.from(salt, 'base64url'), {
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
const waiting: (() => void)[] = [];

async function derive(password: string, salt: Buffer, cost: PasswordCost): Promise<Buffer> {
  if (running >= AT_ONCE) {
    if (waiting.length >= MOST_WAITING) {
      throw new BaykeeperError({
        code: 'too-many-requests',
        publicMessage: 'Too many people log in at the moment. Try again in a few seconds.',
      });
    }
    // Whoever ends hands over its place, so the number of the running ones stays.
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else running += 1;
  try {
    return await runScrypt(password, salt, cost);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

function runScrypt(password: string, salt: Buffer, { logN, r, p }: PasswordCost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, { N: 2 ** logN, r, p, maxmem: LARGEST_MEMORY }, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
