/** Users' public keys. Each user has their own, in whichever project they work (as in Nova), and sees nobody else's. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { BaykeeperError, type Keypair, type KeypairId } from '@baykeeper/domain';
import type { Database, Page, Stores } from '@baykeeper/storage';
import { recordAudit } from '../audit/record-audit.js';
import type { Caller } from '../caller.js';
import { text } from '../validation/fields.js';
import { parseBody } from '../validation/parse.js';
import { LONGEST_PUBLIC_KEY, generateSshKey, parseSshPublicKey, type SshPublicKey } from './ssh-public-key.js';

/** As many as Nova allows. */
const MOST_KEYPAIRS = 100;

const NAME_ADVICE = 'give 1 to 255 letters, digits, blanks and _ @ . -, no blank at either end';
const KEY_ADVICE = `give one line of at most ${LONGEST_PUBLIC_KEY} characters`;

/** Body of `POST /v1/keypairs`. */
export const keypairSchema = z
  .strictObject({
    name: text({ max: 255, pattern: /^(?! )[A-Za-z0-9_@. -]+(?<! )$/, advice: NAME_ADVICE }),
    public_key: z
      .string({ error: KEY_ADVICE })
      .max(LONGEST_PUBLIC_KEY, { error: KEY_ADVICE })
      .nullable()
      .default(null)
      .meta({
        description: 'An OpenSSH public key; null or absent: a key pair is made, and its private key shown once',
      }),
  })
  .meta({ id: 'KeypairInput' });

export interface NewKeypair {
  readonly keypair: Keypair;
  /** Only of a pair that was made here, and kept nowhere. */
  readonly privateKey: string | null;
}

export class Keypairs {
  constructor(private readonly database: Database) {}

  /** @throws BaykeeperError `invalid-input`, `conflict` when the user has one of that name, `quota-exceeded` */
  async create(caller: Caller, body: unknown): Promise<NewKeypair> {
    const { name, public_key: given } = parseBody(keypairSchema, body);
    if ((await this.stores.keypairs.count(caller.userId)) >= MOST_KEYPAIRS) {
      throw new BaykeeperError({
        code: 'quota-exceeded',
        publicMessage: `You have ${MOST_KEYPAIRS} keypairs already: delete one that you do not need.`,
      });
    }
    const made = given === null ? generateSshKey(name) : { publicKey: parseSshPublicKey(given), privateKey: null };
    return { keypair: await this.insert(caller, name, made.publicKey), privateKey: made.privateKey };
  }

  private async insert(caller: Caller, name: string, key: SshPublicKey): Promise<Keypair> {
    try {
      return await this.database.transaction(async (stores) => {
        const keypair = await stores.keypairs.insert(caller.userId, {
          ...{ id: randomUUID() as KeypairId, name, type: key.type, publicKey: key.line },
          ...{ fingerprint: key.fingerprint, sha256Fingerprint: key.sha256Fingerprint },
        });
        await recordAudit(stores, caller, {
          action: 'keypair:create',
          target: { kind: 'keypair', id: keypair.id, name },
          detail: `The key ${key.sha256Fingerprint} was added.`,
        });
        return keypair;
      });
    } catch (error) {
      if (!(error instanceof BaykeeperError) || error.code !== 'conflict') throw error;
      throw new BaykeeperError({
        code: 'conflict',
        publicMessage: `Key pair '${name}' already exists: delete it first, or choose another name.`,
      });
    }
  }

  list(caller: Caller, page: Page): Promise<readonly Keypair[]> {
    return this.stores.keypairs.list(caller.userId, page);
  }

  /** @throws BaykeeperError `not-found`, also for another user's */
  show(caller: Caller, ident: string): Promise<Keypair> {
    return this.stores.keypairs.find(caller.userId, ident);
  }

  /** Bays that were made with it keep the key. @throws BaykeeperError `not-found`, also for another user's */
  async remove(caller: Caller, ident: string): Promise<void> {
    const { id, name } = await this.show(caller, ident);
    await this.database.transaction(async (stores) => {
      await stores.keypairs.remove(caller.userId, id);
      await recordAudit(stores, caller, { action: 'keypair:delete', target: { kind: 'keypair', id, name } });
    });
  }

  private get stores(): Stores {
    return this.database.stores;
  }
}
